import { toJson } from "../../shared/log.ts";
import type { ProcessReadings } from "../../shared/metrics/process_metrics.ts";
import { REASONS } from "../aggregate/partial.ts";
import type { Reading } from "./board.ts";
import { ageSeconds, type Facts, known, type Moment } from "./facts.ts";
import { troublesOf } from "./health.ts";
import { type Report, WorkerState } from "./report.ts";
import { type History, type PastWindow, SAMPLE_FIELDS } from "./rings.ts";

type Usage = Pick<ProcessReadings, "cpuSeconds" | "residentBytes">;

const STATE_NAMES = Object.entries(WorkerState);

/**
 * Returns the status at this moment as one line of JSON, with the history if it is given. Null means unknown.
 */
export function statusJson(moment: Moment, facts: Facts, usage: Usage, history?: History): string {
  const { reading, nowMs, tickedMs } = moment;
  const troubles = troublesOf(moment, facts);
  const { hostnames, startSeconds, file, receiver, version, deno, windowSeconds } = facts;
  return toJson({
    service: "aggregator",
    version,
    deno,
    start_seconds: startSeconds,
    alive: !troubles.some(({ isFatal }) => isFatal),
    ready: troubles.length === 0,
    troubles: troubles.map(({ code, text }) => ({ code, text })),
    receiver,
    listen: hostnames.map((hostname, i) => ({ hostname, port: known(reading?.report.ports[i] ?? NaN) })),
    file,
    window_seconds: windowSeconds,
    master_tick_age_seconds: ageSeconds(nowMs, tickedMs),
    cpu_seconds: usage.cpuSeconds,
    resident_bytes: usage.residentBytes,
    ...reading ? nowOf(reading, nowMs) : {},
    ...history ? { history: historyOf(history) } : {},
  });
}

function nowOf({ report, last }: Reading, nowMs: number): Record<string, unknown> {
  return {
    // When the counters were read, to calculate rates: the request may come up to a second later.
    reported_seconds: report.reportedMs / 1000,
    wall_seconds: report.wallMs / 1000,
    datagrams: {
      received: report.workers.reduce((sum, { received }) => sum + (known(received) ?? 0), 0),
      dropped: sumKnown(report.sockets.map(({ dropped }) => dropped)),
      lost: report.lost,
    },
    messages: {
      accepted: report.accepted,
      rejected: Object.fromEntries(REASONS.map((reason, i) => [reason, report.rejected[i]])),
      late: report.late,
    },
    records: {
      written: report.recordsWritten,
      waiting: report.recordsWaiting,
      lost: report.recordsLost,
      last_age_seconds: ageSeconds(nowMs, report.recordMs),
    },
    sink_up: report.sinkFailing === 0,
    checkpoint: {
      // Null: no checkpoint is kept.
      up: Number.isNaN(report.checkpointFailing) ? null : report.checkpointFailing === 0,
      last_age_seconds: ageSeconds(nowMs, report.checkpointMs),
    },
    workers: workersOf(report),
    spares_left: report.sparesLeft,
    clock_steps: { forward: report.clockStepsForward, back: report.clockStepsBack },
    descriptors: { open: known(report.openDescriptors), max: known(report.maxDescriptors) },
    last_windows: last.filter((window) => window !== undefined).map((window) => ({
      length_seconds: window.lengthSeconds,
      values: rowOf(window),
    })),
  };
}

/** Returns each worker with the sums over the sockets that it reads: one socket for each address. */
function workersOf({ workers, sockets, ports }: Report) {
  const places = sockets.length / ports.length;
  return workers.map(({ state, place, received }, worker) => {
    const isReading = state === WorkerState.receiving || state === WorkerState.silent;
    const read = sockets.filter((_, i) => isReading && i % places === place);
    return {
      worker,
      state: STATE_NAMES.find(([, value]) => value === state)?.[0] ?? null,
      received: known(received),
      dropped: sumKnown(read.map(({ dropped }) => dropped)),
      queue_bytes: sumKnown(read.map(({ queuedBytes }) => queuedBytes)),
      buffer_bytes: sumKnown(read.map(({ bufferBytes }) => bufferBytes)),
    };
  });
}

/** Returns the history as columns, which take a third of the bytes that objects would. */
function historyOf({ samples, windows }: History) {
  return {
    samples: Object.fromEntries(
      SAMPLE_FIELDS.map((name) => [name, samples.map((sample) => known(sample[name]))]),
    ),
    windows: windows.map((rows) => rows.map(rowOf)),
  };
}

/**
 * Returns timestamp, sum, maximum, minimum. `toJson` writes a number beyond 2^53 as a string of its digits.
 */
const rowOf = ({ timestampSeconds, sum, max, min }: PastWindow) => [timestampSeconds, sum, max, min];

/** Returns the sum of the values that are known (not NaN); null: none is. */
function sumKnown(values: readonly number[]): number | null {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0);
}
