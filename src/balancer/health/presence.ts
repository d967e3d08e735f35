import type { Absence } from "../choose/availability.ts";
import type { Override } from "../routes/override.ts";
import type { Check } from "../routes/route_options.ts";

/** After coming back a destination's share rises for so long, in so many steps. */
export const SLOW_START_MS = 10_000;
const SLOW_START_STEPS = 10;

/** What is told of a destination by whoever probes it. */
export interface Report {
  readonly state: "up" | "down" | "unchecked";
  /** Why it is down or unchecked; else empty. */
  readonly reason: string;
}

export interface Health {
  /** `unknown` and `unchecked` count as up. */
  readonly state: "up" | "down" | "unknown" | "unchecked";
  readonly reason: string;
  /** Since when it has this state, by the clock that the reports are told by. */
  readonly sinceMs: number;
  /** The part of its share that it can take. */
  readonly share: number;
}

/** How long a report holds: whoever reports has to renew it before. */
export const holdsForMs = ({ everyS, timeoutS }: Pick<Check, "everyS" | "timeoutS">): number =>
  (3 * everyS + timeoutS) * 1000;

/** The health of a destination by the reports of it. Knows no clock: every method is told the time. */
export class Presence {
  readonly #holdsMs: number;
  #state: Health["state"] = "unknown";
  #reason = "";
  #sinceMs: number;
  #renewedMs = -Infinity;
  /** When it came up after it was down. */
  #returnedMs = -Infinity;

  constructor(check: Pick<Check, "everyS" | "timeoutS">, nowMs: number) {
    this.#holdsMs = holdsForMs(check);
    this.#sinceMs = nowMs;
  }

  report({ state, reason }: Report, nowMs: number): void {
    this.#expire(nowMs);
    // That somebody may not probe it says nothing against what another one has found out.
    if (state === "unchecked" && (this.#state === "up" || this.#state === "down")) return;
    this.#renewedMs = nowMs;
    if (state === "up" && this.#state === "down") this.#returnedMs = nowMs;
    this.#turn(state, nowMs);
    this.#reason = reason;
  }

  at(nowMs: number): Health {
    this.#expire(nowMs);
    const [state, reason, sinceMs] = [this.#state, this.#reason, this.#sinceMs];
    return { state, reason, sinceMs, share: this.#share(nowMs) };
  }

  #expire(nowMs: number): void {
    if (this.#state === "unknown" || nowMs - this.#renewedMs < this.#holdsMs) return;
    this.#turn("unknown", this.#renewedMs + this.#holdsMs);
    this.#reason = "nobody has reported on it lately";
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

/** An operator's word goes before what its health says. */
export function absenceOf(health: Health | undefined, override: Override | undefined): Absence | undefined {
  if (override !== undefined) return override.state === "up" ? undefined : { share: 0, reason: "forced" };
  return health === undefined || health.share === 1 ? undefined : { share: health.share, reason: "failover" };
}
