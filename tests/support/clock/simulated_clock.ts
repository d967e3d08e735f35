import { createClock } from "@sinonjs/fake-timers";
import type { Clock } from "../../../src/shared/clock.ts";

/** A clock that moves only when a test moves it. The wall clock can also step; the monotonic clock can't. */
export class SimulatedClock implements Clock {
  readonly #clock;

  /** @param wallMs Unix time at the start, in milliseconds. */
  constructor(wallMs: number) {
    this.#clock = createClock(wallMs);
  }

  monotonicMs(): number {
    return this.#clock.performance.now();
  }

  wallMs(): number {
    return this.#clock.Date.now();
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = this.#clock.setTimeout(callback, delayMs);
    return () => this.#clock.clearTimeout(timer);
  }

  /** Lets time pass: runs every timer that is due, and the promises that wait for timers. */
  async pass(ms: number): Promise<void> {
    await this.#clock.tickAsync(ms);
  }

  /** Removes every timer, as when the process is killed. */
  freeze(): void {
    this.#clock.reset();
  }

  /** Steps the wall clock, forward or back, while no time passes. */
  stepWall(byMs: number): void {
    this.#clock.setSystemTime(this.#clock.Date.now() + byMs);
  }
}
