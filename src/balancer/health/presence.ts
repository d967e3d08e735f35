import type { Absence } from "../choose/availability.ts";
import type { Override } from "../routes/override.ts";
import type { Check } from "../routes/route_options.ts";

/** The slow start: after an outage a destination's share rises over this time, in this many equal steps. */
export const SLOW_START_MS = 10_000;
const SLOW_START_STEPS = 10;

/** A prober's finding on a destination. */
export interface Report {
  readonly state: "up" | "down" | "unchecked";
  /** Why the destination is down or unchecked; otherwise empty. */
  readonly reason: string;
}

/** The state of a destination at a moment. */
export interface Health {
  /** `unknown` and `unchecked` count as up. */
  readonly state: "up" | "down" | "unknown" | "unchecked";
  readonly reason: string;
  /** When this state began, by the clock of the caller. */
  readonly sinceMs: number;
  /** The fraction of its share that it takes. */
  readonly share: number;
}

/** How long a report is valid, in milliseconds. The prober has to renew it before. */
export const holdsForMs = ({ everyS, timeoutS }: Pick<Check, "everyS" | "timeoutS">): number =>
  (3 * everyS + timeoutS) * 1000;

/** Derives the health of a destination from the reports on it. Has no clock: the caller passes the time. */
export class Presence {
  readonly #holdsMs: number;
  #state: Health["state"] = "unknown";
  #reason = "";
  #sinceMs: number;
  #renewedMs = -Infinity;
  /** When the destination last came up after it was down. */
  #returnedMs = -Infinity;

  constructor(check: Pick<Check, "everyS" | "timeoutS">, nowMs: number) {
    this.#holdsMs = holdsForMs(check);
    this.#sinceMs = nowMs;
  }

  report({ state, reason }: Report, nowMs: number): void {
    this.#expire(nowMs);
    // A prober that lacks the permission does not overrule another prober's finding.
    if (state === "unchecked" && (this.#state === "up" || this.#state === "down")) return;
    this.#renewedMs = nowMs;
    if (state === "up" && this.#state === "down") this.#returnedMs = nowMs;
    this.#turn(state, nowMs);
    this.#reason = reason;
  }

  /** The health at this time. */
  at(nowMs: number): Health {
    this.#expire(nowMs);
    const [state, reason, sinceMs] = [this.#state, this.#reason, this.#sinceMs];
    return { state, reason, sinceMs, share: this.#share(nowMs) };
  }

  #expire(nowMs: number): void {
    if (this.#state === "unknown" || nowMs - this.#renewedMs < this.#holdsMs) return;
    this.#turn("unknown", this.#renewedMs + this.#holdsMs);
    this.#reason = "no prober has reported on it lately";
  }

  #turn(state: Health["state"], nowMs: number): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#sinceMs = nowMs;
  }

  #share(nowMs: number): number {
    if (this.#state === "down") return 0;
    if (this.#state !== "up") return 1;
    const steps = Math.floor((nowMs - this.#returnedMs) / SLOW_START_MS * SLOW_START_STEPS) + 1;
    return Math.min(1, steps / SLOW_START_STEPS);
  }
}

/**
 * What a destination's health and override make it miss; undefined: nothing. An override takes precedence.
 */
export function absenceOf(health: Health | undefined, override: Override | undefined): Absence | undefined {
  if (override !== undefined) return override.state === "up" ? undefined : { share: 0, reason: "forced" };
  return health === undefined || health.share === 1 ? undefined : { share: health.share, reason: "failover" };
}
