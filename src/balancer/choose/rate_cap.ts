/**
 * A rate limit that all workers share: the generic cell rate algorithm (ITU-T I.371, annex A). Its state is
 * one cell of shared memory, which holds the time at which the next request is due.
 *
 * @module
 */

/**
 * Times are 32-bit integers in units of 1/64 µs. They wrap after 67 s, so two times may be at most 33 s
 * apart.
 */
const UNITS_PER_MS = 64_000;
/** Unused rate is saved up for this long; older unused rate is lost. */
const BURST_MS = 100;

export interface RateCap {
  /** The time between two requests at the full rate, in units of 1/64 µs. */
  readonly interval: number;
  /** How long before it is due a request may come, in units of 1/64 µs. */
  readonly slack: number;
}

/** @param rate requests per second, from 1 to 1,000,000 */
export function rateCap(rate: number): RateCap {
  const interval = Math.round(1000 * UNITS_PER_MS / rate);
  // At least one interval: a request that comes a little late must not make the next one, which is on time,
  // too early.
  return { interval, slack: Math.max(interval, BURST_MS * UNITS_PER_MS) };
}

/**
 * Whether one more request may pass.
 *
 * @param cell the state of the limit, shared by all workers
 * @param nowMs the time of a clock that all workers share
 * @param takes whether to count the request; false only asks
 */
export function passes(
  cell: Int32Array<SharedArrayBuffer>,
  { interval, slack }: RateCap,
  nowMs: number,
  takes: boolean,
): boolean {
  const now = Math.trunc(nowMs * UNITS_PER_MS % 0x1_0000_0000) | 0;
  for (;;) {
    const due = Atomics.load(cell, 0);
    const early = due - now | 0;
    // No worker sets a due time this far ahead. So the cell was set long ago, or before the clock was set
    // back.
    const isStale = early > slack + interval;
    if (!isStale && early > slack) return false;
    if (!takes) return true;
    const next = (isStale || early < 0 ? now : due) + interval | 0;
    if (Atomics.compareExchange(cell, 0, due, next) === due) return true;
  }
}
