import type { ConnectionCounts } from "../../shared/http/listener.ts";
import type { Done, Work } from "./work.ts";

/** A worker's answers and connections since its last report, and the connections that it holds now. */
export interface WorkReport {
  /** Undefined: no answer. */
  readonly done: Done | undefined;
  readonly connections: ConnectionCounts;
  readonly open: number;
}

/** The time between two reports, in milliseconds. */
export const REPORT_MS = 1000;

export interface ReporterParts {
  readonly work: Work;
  /** The counts since the worker's start. */
  readonly connections: () => ConnectionCounts;
  /** The number of open connections. */
  readonly open: () => number;
  readonly post: (report: WorkReport) => void;
  readonly setTimer: (callback: () => void, delayMs: number) => void;
}

/** Reports a worker's work, at most once a second. While no connection is open, no timer runs. */
export class Reporter {
  readonly #parts: ReporterParts;
  #isWaiting = false;
  #reported: ConnectionCounts;
  #reportedOpen = 0;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#reported = { ...parts.connections() };
  }

  /** Schedules a report. To be called when a connection was accepted, or could not be accepted. */
  wake(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#parts.setTimer(() => {
      this.#isWaiting = false;
      const hasReported = this.flush();
      if (hasReported || this.#reportedOpen > 0) this.wake();
    }, REPORT_MS);
  }

  /**
   * Reports now, unless nothing has changed.
   *
   * @returns whether there was something to report
   */
  flush(): boolean {
    const { work, post } = this.#parts;
    const done = work.take();
    const now = { ...this.#parts.connections() };
    const open = this.#parts.open();
    const connections = difference(now, this.#reported);
    const hasNews = done !== undefined || open !== this.#reportedOpen ||
      Object.values(connections).some((count) => count > 0);
    this.#reported = now;
    this.#reportedOpen = open;
    if (hasNews) post({ done, connections, open });
    return hasNews;
  }
}

const difference = (now: ConnectionCounts, before: ConnectionCounts): ConnectionCounts => ({
  accepted: now.accepted - before.accepted,
  failed: now.failed - before.failed,
  timedOutReading: now.timedOutReading - before.timedOutReading,
  timedOutIdle: now.timedOutIdle - before.timedOutIdle,
  timedOutWriting: now.timedOutWriting - before.timedOutWriting,
  evicted: now.evicted - before.evicted,
  refused: now.refused - before.refused,
});
