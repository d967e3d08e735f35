import { familiesOf, type Family, type Sample } from "../../shared/metrics/exposition.ts";
import { buildInfo, processMetrics, type ProcessReadings } from "../../shared/metrics/process_metrics.ts";
import { REASONS } from "../aggregate/partial.ts";
import type { Reading } from "./board.ts";
import { ageSeconds, type Facts, known, type Moment } from "./facts.ts";
import { type Report, WorkerState } from "./report.ts";

const PREFIX = "sluice_aggregator";

const { counter, gauge } = familiesOf(PREFIX);
const one = (value: number): Sample[] => [{ value: known(value) }];

/** Returns all metrics of the aggregator. A metric whose value is unknown has no sample. */
export function aggregatorMetrics(
  { nowMs, tickedMs, reading }: Moment,
  facts: Facts,
  usage: Pick<ProcessReadings, "cpuSeconds" | "residentBytes">,
): Family[] {
  const { version, deno, startSeconds, windowSeconds } = facts;
  const report = reading?.report;
  return [
    buildInfo(PREFIX, version, deno),
    gauge("master_tick_age_seconds", "Time since the last tick of the main thread", [
      { value: ageSeconds(nowMs, tickedMs) },
    ]),
    gauge("shortest_window_seconds", "Length of the shortest window: how often a record is due", [
      { value: windowSeconds[0] ?? null },
    ]),
    ...reading
      ? [
        ...traffic(reading.report),
        ...records(reading, nowMs),
        ...threads(reading.report),
        ...windows(reading),
      ]
      : [],
    ...processMetrics({
      ...usage,
      startSeconds,
      openDescriptors: known(report?.openDescriptors ?? NaN),
      maxDescriptors: known(report?.maxDescriptors ?? NaN),
    }),
  ];
}

function traffic({ workers, sockets, accepted, rejected, late, lost }: Report): Family[] {
  const ofSockets = (value: (socket: Report["sockets"][number]) => number): Sample[] =>
    sockets.map((socket, i) => ({ labels: { socket: String(i) }, value: known(value(socket)) }));
  return [
    counter(
      "datagrams_received_total",
      "Datagrams read from the sockets",
      workers.map(({ received }, i) => ({ labels: { worker: String(i) }, value: known(received) })),
    ),
    counter(
      "datagrams_dropped_total",
      "Datagrams that the kernel dropped because a receive buffer was full",
      ofSockets(({ dropped }) => dropped),
    ),
    counter(
      "datagrams_lost_total",
      "Datagrams that workers had read but not handed over when they died",
      one(lost),
    ),
    counter("messages_accepted_total", "Messages added up", one(accepted)),
    counter(
      "messages_rejected_total",
      "Rejected messages, by reason",
      REASONS.map((reason, i) => ({ labels: { reason }, value: known(rejected[i] ?? NaN) })),
    ),
    counter("messages_late_total", "Messages counted in a later window than they were read in", one(late)),
    gauge(
      "receive_buffer_bytes",
      "Size of a socket's receive buffer as the kernel counts it, twice the granted size",
      ofSockets(({ bufferBytes }) => bufferBytes),
    ),
    gauge(
      "receive_queue_bytes",
      "Bytes queued in a socket's receive buffer, as the kernel counts them",
      ofSockets(({ queuedBytes }) => queuedBytes),
    ),
  ];
}

function records({ report, lag }: Reading, nowMs: number): Family[] {
  return [
    counter("records_written_total", "Records in the file", one(report.recordsWritten)),
    counter(
      "records_lost_total",
      "Records dropped from memory because too many waited while the file failed",
      one(report.recordsLost),
    ),
    gauge("records_waiting", "Records that are not in the file yet", one(report.recordsWaiting)),
    gauge("sink_up", "1 while records can be written to the file", one(1 - report.sinkFailing)),
    gauge("checkpoint_up", "1 while the checkpoint can be written", one(1 - report.checkpointFailing)),
    gauge("last_record_age_seconds", "Time since a record was written", [
      { value: ageSeconds(nowMs, report.recordMs) },
    ]),
    gauge(
      "last_checkpoint_age_seconds",
      "Time since the checkpoint was written; it is not written while no messages come",
      [
        { value: ageSeconds(nowMs, report.checkpointMs) },
      ],
    ),
    {
      name: `${PREFIX}_window_lag_seconds`,
      type: "histogram",
      help: "Time from the end of a window to its record in the file",
      samples: [{ value: lag }],
    },
  ];
}

function threads({ workers, sparesLeft, clockStepsForward, clockStepsBack }: Report): Family[] {
  const countOf = (...states: number[]) => workers.filter(({ state }) => states.includes(state)).length;
  return [
    gauge(
      "workers_receiving",
      "Workers that read a socket",
      one(countOf(WorkerState.receiving, WorkerState.silent)),
    ),
    gauge("workers_silent", "Workers among them that do not respond", one(countOf(WorkerState.silent))),
    gauge("spare_workers", "Workers on standby, each to replace one that dies", one(sparesLeft)),
    counter("clock_steps_total", "Steps of the wall clock against the monotonic clock", [
      { labels: { direction: "forward" }, value: known(clockStepsForward) },
      { labels: { direction: "back" }, value: known(clockStepsBack) },
    ]),
  ];
}

/** Returns the results of the last closed window of each length. */
function windows({ last }: Reading): Family[] {
  const closed = last.filter((window) => window !== undefined);
  const family = (
    name: string,
    help: string,
    value: (window: typeof closed[number]) => number | bigint,
  ): Family => ({
    name: `sluice_window_${name}`,
    // promtool objects to a gauge named `..._sum`, because histograms use that suffix, but not to an untyped
    // metric.
    type: name.endsWith("_sum") ? "unknown" : "gauge",
    help,
    samples: closed.map((window) => ({
      labels: { window: `${window.lengthSeconds}s` },
      value: value(window),
    })),
  });
  return [
    family("a1_sum", "Sum of A1 in the last closed window", ({ sum }) => sum),
    family("a2_max", "Maximum of A2 in the last closed window; 0 if the window was empty", ({ max }) => max),
    family("a3_min", "Minimum of A3 in the last closed window; 0 if the window was empty", ({ min }) => min),
    family(
      "end_timestamp_seconds",
      "End of the last closed window in Unix time",
      (window) => window.timestampSeconds,
    ),
  ];
}
