import { ageSeconds, type Facts, type Moment } from "./facts.ts";
import { WorkerState } from "./report.ts";

/** The master ticks every 200 ms: one that has not for so long is stuck. */
export const TICK_AGE_SECONDS_MAX = 2;

/** Something that is wrong: a stable code for programs, and what it means and what to do for people. */
export interface Trouble {
  readonly code: string;
  readonly text: string;
  /** Whether the service is not alive, or alive and not ready. */
  readonly isFatal?: boolean;
}

const STARTING: Trouble = {
  code: "starting",
  text: "The service is starting: it receives nothing yet.",
  isFatal: true,
};
const MASTER_SILENT: Trouble = {
  code: "master_silent",
  text: "The service gives no sign of life: it is stopped, or the machine is overloaded. Restart it.",
  isFatal: true,
};
const SINK_FAILING: Trouble = {
  code: "sink_failing",
  text:
    "Records can't be written to the file and wait in memory. Look at the disk; the log says why under sink_failing.",
};
const WORKER_SILENT: Trouble = {
  code: "worker_silent",
  text: "A worker gives no sign of life. If it goes on like that, a spare takes its place within seconds.",
};
const SOCKET_UNREAD: Trouble = {
  code: "socket_unread",
  text:
    "A socket has no worker that reads it. The service is about to end, for its supervisor to restart it.",
};
const NO_SPARE_LEFT: Trouble = {
  code: "no_spare_left",
  text: "No spare worker is left: the next one that dies ends the service. Restart it at a quiet moment.",
};

/** All that is wrong at this moment, the worst first. Empty: the service is ready. */
export function troublesOf({ nowMs, tickedMs, reading }: Moment, facts: Facts): Trouble[] {
  const age = ageSeconds(nowMs, tickedMs);
  if (age === null) return [STARTING];
  if (age > TICK_AGE_SECONDS_MAX) return [MASTER_SILENT];
  if (reading === undefined) return [STARTING];
  const { workers, sinkFailing, sparesLeft } = reading.report;
  const countOf = (state: number) => workers.filter((worker) => worker.state === state).length;
  const isReceiving = countOf(WorkerState.receiving) + countOf(WorkerState.silent) >= facts.workers;
  return [
    ...isReceiving ? [] : [SOCKET_UNREAD],
    ...sinkFailing === 1 ? [SINK_FAILING] : [],
    ...countOf(WorkerState.silent) > 0 ? [WORKER_SILENT] : [],
    // Who asked for none at the start lives with that.
    ...facts.spareWorkers > 0 && sparesLeft === 0 ? [NO_SPARE_LEFT] : [],
  ];
}
