/** The clocks and the timer of a machine. Readings of the two clocks must not be mixed: one can step, the other stops. */
export interface Clock {
  /** Milliseconds since an arbitrary moment. Never goes back, and stands still while the machine is suspended. */
  monotonicMs(): number;
  /** Unix time in milliseconds. May step forward or back at any moment. */
  wallMs(): number;
  /** Calls back once, after `delayMs` or later. Returns a function that cancels the timer. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** The clock of this machine. */
export const REAL_CLOCK: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
