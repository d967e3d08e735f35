import type { Clock } from "../../../src/aggregator/aggregate/timeline.ts";
import type { Log } from "../../../src/shared/log.ts";

/** The clock of the machine, as the service uses it. */
export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A log that keeps the names of its events. */
export function eventsInto(events: string[]): Log {
  const note = (event: string) => void events.push(event);
  return { debug: note, info: note, warn: note, error: note };
}
