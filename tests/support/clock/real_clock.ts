import type { Clock } from "../../../src/aggregator/aggregate/timeline.ts";

/** The machine's clock, as the service uses it. */
export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
