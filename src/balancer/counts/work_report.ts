import type { ConnectionCounts } from "../../shared/http/listener.ts";
import type { Done, Work } from "./work.ts";

/** What a worker did since its last report, and how many connections it holds now. */
export interface WorkReport {
  /** Undefined: it answered nothing. */
  readonly done: Done | undefined;
  readonly connections: ConnectionCounts;
  readonly open: number;
}

/** Between two reports, in milliseconds. */
export const REPORT_MS = 1000;

export interface ReporterParts {
  readonly work: Work;
  /** Since the start. */
  readonly connections: () => ConnectionCounts;
  /** Connections that are open. */
  readonly open: () => number;
  readonly post: (report: WorkReport) => void;
  readonly setTimer: (callback: () => void, delayMs: number) => void;
}

/** Reports what a worker does, once a second at most. While no connection is open no timer runs. */
export class Reporter {
  readonly #parts: ReporterParts;
  #isWaiting = false;
  #told: ConnectionCounts;
  #toldOpen = 0;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#told = { ...parts.connections() };
  }

  /** There is, or soon will be, something to report: a connection came, or could not come. */
  wake(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#parts.setTimer(() => {
      this.#isWaiting = false;
      const hasReported = this.flush();
      if (hasReported || this.#toldOpen > 0) this.wake();
    }, REPORT_MS);
  }

  /** @returns whether there was something to report */
  flush(): boolean {
    const { work, post } = this.#parts;
    const done = work.take();
    const now = { ...this.#parts.connections() };
    const open = this.#parts.open();
    const connections = difference(now, this.#told);
    const isNews = done !== undefined || open !== this.#toldOpen ||
      Object.values(connections).some((count) => count > 0);
    this.#told = now;
    this.#toldOpen = open;
    if (isNews) post({ done, connections, open });
    return isNews;
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
