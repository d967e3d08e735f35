/** A source of time; the two readings are never mixed (one may step, the other stops in a suspend). */
export interface Clock {
  /** Milliseconds since any origin; never goes back, stands still while the machine is suspended. */
  monotonicMs(): number;
  /** Unix time in milliseconds; may step either way at any moment. */
  wallMs(): number;
  /** Calls back once, no earlier than `delayMs` from now; the function returned cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** A disagreement of the wall clock with the timeline that is worth a log line. */
export interface ClockStep {
  direction: "forward" | "back";
  byMs: number;
}

/** Below this a disagreement is rounding or slewing (ntpd slews 0.5 ms a second), not a step. */
const STEP_MS_MIN = 100;

/** The timeline waits for a last record that is ahead of the clock, but not for one that is ahead by more than this. */
const AHEAD_MS_MAX = 7 * 86_400_000;

/** Whether a record's timestamp is more than a week ahead: a broken clock wrote it, and waiting for it would take days. */
export function isFarAhead(timestampSeconds: number, wallMs: number): boolean {
  return timestampSeconds * 1000 - wallMs > AHEAD_MS_MAX;
}

/**
 * Unix time that never goes back: it follows the monotonic clock, and jumps forward when the wall clock is ahead
 * (a step, a suspend). When the wall clock steps back it goes on, ahead of the wall clock from then on.
 */
export class Timeline {
  #nowMs: number;
  #monotonicMs: number;
  #aheadMs: number;

  /** It begins at `wallMs`, or at `startMs` where that is later. */
  constructor(monotonicMs: number, wallMs: number, startMs = wallMs) {
    this.#monotonicMs = monotonicMs;
    this.#nowMs = Math.max(wallMs, startMs);
    this.#aheadMs = this.#nowMs - wallMs;
  }

  /** The moment reached by the last `advance`, in milliseconds of Unix time. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Moves to the moment that the two readings tell; returns the step of the wall clock that showed, if any. */
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
