import type { Check } from "../routes/route_options.ts";

/** What came of one probe. */
export type Outcome =
  | { readonly kind: "well" }
  | { readonly kind: "ill"; readonly reason: string }
  /** It may not be tried: nothing is known of the destination. */
  | { readonly kind: "barred"; readonly reason: string };

export type Judged = "unknown" | "unchecked" | "up" | "down";

/** Between two probes while it is open whether a failure was more than a hiccup. */
export const SUSPECT_PACE_MS = 100;
/** So many changes within a minute are flapping: from then on only a minute without a failure brings it back. */
export const FLAPS_MAX = 5;
export const CALM_MS = 60_000;
/** A pace is up to this part shorter than the check says, so that probes of many destinations do not march in step. */
const JITTER = 0.1;

/**
 * What the probes of one destination say of it. Knows no clock: every method is told the time.
 *
 * Probes begin at an even pace, whether or not those before have ended, but no more at once than can decide anything.
 * So it takes no longer than twice the pace and one timeout to find out that a destination is down, even where each
 * probe takes all the time that it has.
 */
export class Verdict {
  readonly #check: Omit<Check, "path">;
  readonly #random: () => number;
  #judged: Judged = "unknown";
  #reason = "";
  #failures = 0;
  #successes = 0;
  #wellSinceMs = 0;
  #pending = 0;
  /** The next probe at the pace of the check. */
  #regularMs: number;
  /** The next probe while it is open whether a failure was more than a hiccup. */
  #suspectMs = Infinity;
  /** When it went down or came up. */
  #changesMs: number[] = [];
  #isFlapping = false;

  /** @param random from 0 to below 1 */
  constructor(check: Omit<Check, "path">, nowMs: number, random: () => number) {
    this.#check = check;
    this.#random = random;
    this.#regularMs = nowMs + random() * Math.min(1, check.everyS) * 1000;
  }

  get judged(): Judged {
    return this.#judged;
  }

  /** Why it is down or unchecked; else empty. */
  get reason(): string {
    return this.#judged === "down" || this.#judged === "unchecked" ? this.#reason : "";
  }

  /** When the next probe is to begin; Infinity: not before another one has ended. */
  get dueMs(): number {
    const useful = this.#judged === "down" ? 1 : this.#check.downAfter - this.#failures;
    if (this.#pending >= useful) return Infinity;
    return this.#isSuspect ? Math.min(this.#suspectMs, this.#regularMs) : this.#regularMs;
  }

  began(nowMs: number): void {
    this.#pending++;
    this.#regularMs = nowMs + this.#check.everyS * 1000 * (1 - JITTER * this.#random());
    this.#suspectMs = nowMs + SUSPECT_PACE_MS;
  }

  ended(outcome: Outcome, nowMs: number): void {
    this.#pending--;
    const wasSuspect = this.#isSuspect;
    if (outcome.kind === "well") this.#well(nowMs);
    else if (outcome.kind === "ill") this.#ill(outcome.reason, nowMs);
    else this.#bar(outcome.reason);
    if (this.#isSuspect && !wasSuspect) this.#suspectMs = nowMs;
  }

  get #isSuspect(): boolean {
    return this.#judged !== "down" && this.#failures > 0;
  }

  #well(nowMs: number): void {
    if (this.#successes++ === 0) this.#wellSinceMs = nowMs;
    this.#failures = 0;
    if (this.#judged !== "down") {
      this.#judged = "up";
      return;
    }
    if (this.#successes < this.#check.upAfter) return;
    // This change would be the next one.
    if (this.#recent(nowMs) + 1 >= FLAPS_MAX) this.#flaps();
    if (this.#isFlapping && nowMs - this.#wellSinceMs < CALM_MS) return;
    this.#isFlapping = false;
    this.#changesMs.push(nowMs);
    this.#judged = "up";
  }

  #ill(reason: string, nowMs: number): void {
    this.#failures++;
    this.#successes = 0;
    if (this.#judged === "down") {
      if (!this.#isFlapping) this.#reason = reason;
      return;
    }
    if (this.#failures < this.#check.downAfter) return;
    this.#reason = reason;
    this.#judged = "down";
    this.#changesMs.push(nowMs);
    if (this.#recent(nowMs) >= FLAPS_MAX) this.#flaps();
  }

  #bar(reason: string): void {
    this.#failures = this.#successes = 0;
    this.#judged = "unchecked";
    this.#reason = reason;
  }

  #recent(nowMs: number): number {
    this.#changesMs = this.#changesMs.filter((ms) => nowMs - ms < CALM_MS);
    return this.#changesMs.length;
  }

  #flaps(): void {
    if (this.#isFlapping) return;
    this.#isFlapping = true;
    this.#reason = `it changed ${FLAPS_MAX} times within a minute, and stays down until it has been well ` +
      `for a minute (${this.#reason})`;
  }
}
