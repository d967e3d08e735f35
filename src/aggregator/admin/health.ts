import { ageSeconds, type Facts, type Moment } from "./facts.ts";
import { WorkerState } from "./report.ts";

/** The master ticks at least every 200 ms. If the last tick is older than this, the main thread is stuck. */
export const TICK_AGE_SECONDS_MAX = 2;

/** A reason why the service is not ready. */
export interface Trouble {
  /** For programs: never changes. */
  readonly code: string;
  /** For people: what is wrong and what to do. */
  readonly text: string;
  /** True: the service is not even alive. */
  readonly isFatal?: boolean;
}

const STARTING: Trouble = {
  code: "starting",
  text: "The service is starting and receives nothing yet. Wait some seconds.",
  isFatal: true,
};
const MASTER_SILENT: Trouble = {
  code: "master_silent",
  text: "The main thread does not respond: it is stopped, or the machine is overloaded. Restart the service.",
  isFatal: true,
};
const SINK_FAILING: Trouble = {
  code: "sink_failing",
  text:
    "Records can't be written to the file, so they wait in memory. Check the disk; sink_failing in the log says why.",
};
const WORKER_SILENT: Trouble = {
  code: "worker_silent",
  text: "A worker does not respond. Wait: if it stays silent, a spare worker replaces it within seconds.",
};
const SOCKET_UNREAD: Trouble = {
  code: "socket_unread",
  text:
    "No worker reads one of the sockets. The service is about to exit, so that its supervisor restarts it.",
};
const NO_SPARE_LEFT: Trouble = {
  code: "no_spare_left",
  text: "No spare worker is left: if another worker dies, the service exits. Restart it at a quiet moment.",
};

/** Returns all troubles at this moment, the worst first. Empty: the service is ready. */
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
    // With --spare-workers 0 that is what the operator chose.
    ...facts.spareWorkers > 0 && sparesLeft === 0 ? [NO_SPARE_LEFT] : [],
  ];
}
