import type { BoardReader, Reading } from "./board.ts";

/** What stays the same from the start on. */
export interface Facts {
  readonly version: string;
  readonly deno: string;
  /** When the process was started, in seconds of Unix time. */
  readonly startSeconds: number;
  /** Where messages are received; the ports are told in the reports, which know them when they were chosen. */
  readonly hostnames: readonly string[];
  readonly receiver: string;
  readonly file: string;
  readonly workers: number;
  readonly spareWorkers: number;
  readonly windowSeconds: readonly number[];
}

/** What is known at the moment of a request. */
export interface Moment {
  /** By the master's monotonic clock, in milliseconds. */
  readonly nowMs: number;
  /** When the master ticked last; NaN before its first tick. */
  readonly tickedMs: number;
  /** Undefined before the first report. */
  readonly reading: Reading | undefined;
}

export const momentOf = (board: BoardReader, nowMs: number): Moment => ({
  nowMs,
  tickedMs: board.tickedMs,
  reading: board.now(),
});

/** Seconds from then to now; null where then is not known. */
export const ageSeconds = (nowMs: number, thenMs: number): number | null =>
  Number.isNaN(thenMs) ? null : Math.max(0, nowMs - thenMs) / 1000;

/** NaN, which stands for the unknown in shared memory, as null, which stands for it in JSON and in metrics. */
export const known = (value: number): number | null => Number.isNaN(value) ? null : value;
