import type { BoardReader, Reading } from "./board.ts";

/** Facts about the service that never change after its start. */
export interface Facts {
  readonly version: string;
  readonly deno: string;
  /** When the process was started, in seconds of Unix time. */
  readonly startSeconds: number;
  /** The hosts of the listening addresses. Ports are in the reports, as the kernel may choose them later. */
  readonly hostnames: readonly string[];
  readonly receiver: string;
  readonly file: string;
  readonly workers: number;
  readonly spareWorkers: number;
  readonly windowSeconds: readonly number[];
}

/** What is known at the time of a request. */
export interface Moment {
  /** The time of the request, in milliseconds of the master's monotonic clock. */
  readonly nowMs: number;
  /** The time of the master's last tick on the same clock; NaN before its first tick. */
  readonly tickedMs: number;
  /** Undefined before the first report. */
  readonly reading: Reading | undefined;
}

export const momentOf = (board: BoardReader, nowMs: number): Moment => ({
  nowMs,
  tickedMs: board.tickedMs,
  reading: board.now(),
});

/** Returns the seconds from `thenMs` to `nowMs`; null: `thenMs` is unknown (NaN). */
export const ageSeconds = (nowMs: number, thenMs: number): number | null =>
  Number.isNaN(thenMs) ? null : Math.max(0, nowMs - thenMs) / 1000;

/** Converts an unknown value from NaN, as in shared memory, to null, as in JSON and in metrics. */
export const known = (value: number): number | null => Number.isNaN(value) ? null : value;
