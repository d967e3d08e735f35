/**
 * A limit on a rate that all workers keep together: the generic cell rate algorithm (ITU-T I.371, annex A) over one
 * shared cell, which holds the time at which the next one would be due.
 *
 * @module
 */

/** Times are in 1/64 µs, modulo 2^32: a minute apart at most. */
const UNITS_PER_MS = 64_000;
/** What was not used for so long is not made up for later. */
const BURST_MS = 100;

export interface RateCap {
  /** Between two of them, in units. */
  readonly interval: number;
  /** How much earlier than it is due one may come. */
  readonly slack: number;
}

/** @param rate a second, from 1 to 1,000,000 */
export function rateCap(rate: number): RateCap {
  const interval = Math.round(1000 * UNITS_PER_MS / rate);
  // An interval at least: who comes a little late after the last one must not take that time from the next one.
  return { interval, slack: Math.max(interval, BURST_MS * UNITS_PER_MS) };
}

/**
 * Whether one more may pass.
 *
 * @param cell of a route; every worker has the same
 * @param nowMs of a clock that the workers share
 * @param takes whether it counts; else it is only asked
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
    // What lies further ahead than anybody may have put it was put there long ago, or before the clock was set back.
    const isStale = early > slack + interval;
    if (!isStale && early > slack) return false;
    if (!takes) return true;
    const next = (isStale || early < 0 ? now : due) + interval | 0;
    if (Atomics.compareExchange(cell, 0, due, next) === due) return true;
  }
}
