import type { Check } from "../routes/route_options.ts";

/** The outcome of one probe. */
export type Outcome =
  | { readonly kind: "well" }
  | { readonly kind: "ill"; readonly reason: string }
  /** The probe was not allowed, so nothing is known of the destination. */
  | { readonly kind: "barred"; readonly reason: string };

/** What the probes of a destination say of it. `unchecked`: they are not allowed. */
export type Judged = "unknown" | "unchecked" | "up" | "down";

/** The interval of probes after a first failure, until it is clear whether the destination is down. */
export const SUSPECT_PACE_MS = 100;
/**
 * A destination with this many changes within `CALM_MS` is flapping: it stays down until it had no failure
 * for that long.
 */
export const FLAPS_MAX = 5;
export const CALM_MS = 60_000;
/**
 * Each interval is shortened by a random fraction, at most this one, so that many checks do not probe in
 * step.
 */
const JITTER = 0.1;

/**
 * Judges one destination by its probes, and says when the next one is due. Has no clock: the caller passes
 * the time.
 *
 * Probes start at a steady interval, even while earlier ones still run, but never more at once than could
 * change the verdict. So with `downAfter` up to 2 an outage is found within two intervals and one timeout,
 * even if every probe runs into its timeout.
 */
export class Verdict {
  readonly #check: Omit<Check, "path">;
  readonly #random: () => number;
  #judged: Judged = "unknown";
  #reason = "";
  #failures = 0;
  #successes = 0;
  #noFailureSinceMs = 0;
  #pending = 0;
  /** When the next probe is due by the interval of the check. */
  #regularMs: number;
  /** When the next probe is due after a first failure. */
  #suspectMs = Infinity;
  /** When it went down or came up, within the last {@linkcode CALM_MS}. */
  #changesMs: number[] = [];
  #isFlapping = false;

  /** @param random returns a number from 0 to below 1 */
  constructor(check: Omit<Check, "path">, nowMs: number, random: () => number) {
    this.#check = check;
    this.#random = random;
    this.#regularMs = nowMs + random() * Math.min(1, check.everyS) * 1000;
  }

  get judged(): Judged {
    return this.#judged;
  }

  /** Why it is down or unchecked; otherwise empty. */
  get reason(): string {
    return this.#judged === "down" || this.#judged === "unchecked" ? this.#reason : "";
  }

  /** When the next probe is due; Infinity: not before a running one has ended. */
  get dueMs(): number {
    const useful = this.#judged === "down" ? 1 : this.#check.downAfter - this.#failures;
    if (this.#pending >= useful) return Infinity;
    return this.#isSuspect ? Math.min(this.#suspectMs, this.#regularMs) : this.#regularMs;
  }

  /** A probe has started. */
  began(nowMs: number): void {
    this.#pending++;
    this.#regularMs = nowMs + this.#check.everyS * 1000 * (1 - JITTER * this.#random());
    this.#suspectMs = nowMs + SUSPECT_PACE_MS;
  }

  /** A probe has ended. */
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
    if (this.#successes++ === 0) this.#noFailureSinceMs = nowMs;
    this.#failures = 0;
    if (this.#judged !== "down") {
      this.#judged = "up";
      return;
    }
    if (this.#successes < this.#check.upAfter) return;
    // Coming up would be one more change.
    if (this.#recent(nowMs) + 1 >= FLAPS_MAX) this.#flaps();
    if (this.#isFlapping && nowMs - this.#noFailureSinceMs < CALM_MS) return;
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
    this.#reason =
      `it changed ${FLAPS_MAX} times within a minute, so it stays down until it had no failure ` +
      `for a minute (${this.#reason})`;
  }
}
