/** A step of the wall clock against the timeline that is large enough for a log line. */
export interface ClockStep {
  direction: "forward" | "back";
  byMs: number;
}

/**
 * A smaller difference between the clocks is rounding or slewing (ntpd slews by 0.5 ms a second), not a step.
 */
const STEP_MS_MIN = 100;

/** The timeline begins no earlier than the last record, unless that is further ahead than this. */
const AHEAD_MS_MAX = 7 * 86_400_000;

/**
 * Whether a record's timestamp is more than a week ahead of the clock: a wrong clock must have written it.
 */
export function isFarAhead(timestampSeconds: number, wallMs: number): boolean {
  return timestampSeconds * 1000 - wallMs > AHEAD_MS_MAX;
}

/**
 * Unix time that never goes back. It advances with the monotonic clock, and jumps forward when the wall clock
 * is ahead (after a step or a suspend). When the wall clock steps back, the timeline keeps advancing, ahead
 * of it.
 */
export class Timeline {
  #nowMs: number;
  #monotonicMs: number;
  /**
   * The smallest lead over the wall clock since the last step. A lead longer by STEP_MS_MIN is a step back.
   */
  #aheadMs: number;

  /** The timeline begins at `wallMs`, or at `startMs` if that is later. */
  constructor(monotonicMs: number, wallMs: number, startMs = wallMs) {
    this.#monotonicMs = monotonicMs;
    this.#nowMs = Math.max(wallMs, startMs);
    this.#aheadMs = this.#nowMs - wallMs;
  }

  /** Unix time in milliseconds at the last `advance`. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Advances to the time of the two readings. Returns the step of the wall clock since the last call, if any.
   */
  advance(monotonicMs: number, wallMs: number): ClockStep | undefined {
    const elapsedMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs += elapsedMs;
    this.#nowMs += elapsedMs;
    const aheadMs = this.#nowMs - wallMs;
    if (aheadMs < 0) {
      this.#nowMs = wallMs;
      this.#aheadMs = 0;
      return -aheadMs >= STEP_MS_MIN ? { direction: "forward", byMs: -aheadMs } : undefined;
    }
    const steppedMs = aheadMs - this.#aheadMs;
    if (steppedMs >= STEP_MS_MIN) {
      this.#aheadMs = aheadMs;
      return { direction: "back", byMs: steppedMs };
    }
    this.#aheadMs = Math.min(this.#aheadMs, aheadMs);
    return undefined;
  }
}
