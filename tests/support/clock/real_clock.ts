import type { Clock } from "../../../src/aggregator/aggregate/timeline.ts";

/** The clock of the machine, as the service uses it. */
export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
