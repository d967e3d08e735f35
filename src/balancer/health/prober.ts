import { keyOf, type Target } from "./checks.ts";
import { type Outcome, Verdict } from "./verdict.ts";
import type { Report } from "./presence.ts";
import type { Clock } from "../../shared/clock.ts";

/** The most probes that run at the same time. Further probes wait. */
export const PROBES_MAX = 50;

export interface ProberParts {
  readonly clock: Pick<Clock, "monotonicMs" | "setTimer">;
  /** Probes a target. Must not reject, and must end within the target's `timeoutS`. */
  readonly probe: (target: Target) => Promise<Outcome>;
  /** Called after each probe, unless the state is still unknown. */
  readonly judged: (key: string, report: Report) => void;
  /** Returns a number from 0 to below 1; by default `Math.random`. */
  readonly random?: () => number;
}

interface Probed {
  readonly key: string;
  readonly target: Target;
  readonly verdict: Verdict;
  cancelTimer: () => void;
  isWaiting: boolean;
}

/** Probes every target at the interval of its check. Destinations that share a target share its probes. */
export class Prober {
  readonly #parts: Required<ProberParts>;
  #probed = new Map<string, Probed>();
  #running = 0;
  readonly #waiting: Probed[] = [];

  constructor(parts: ProberParts) {
    this.#parts = { random: Math.random, ...parts };
  }

  /** Probes these targets from now on, and no others. A target that was probed before keeps its verdict. */
  follow(targets: Iterable<Target>): void {
    const before = this.#probed;
    this.#probed = new Map();
    const { clock, random } = this.#parts;
    for (const target of targets) {
      const key = keyOf(target);
      if (this.#probed.has(key)) continue;
      const known = before.get(key);
      const probed = known ?? {
        key,
        target,
        verdict: new Verdict(target, clock.monotonicMs(), random),
        cancelTimer() {},
        isWaiting: false,
      };
      this.#probed.set(key, probed);
      if (!known) this.#schedule(probed);
    }
    for (const [key, { cancelTimer }] of before) if (!this.#probed.has(key)) cancelTimer();
  }

  /** Stops all probes. The outcome of a probe in progress is ignored. */
  stop(): void {
    this.follow([]);
  }

  #isFollowed(probed: Probed): boolean {
    return this.#probed.get(probed.key) === probed;
  }

  #schedule(probed: Probed): void {
    probed.cancelTimer();
    const { dueMs } = probed.verdict;
    if (probed.isWaiting || dueMs === Infinity) return;
    const { clock } = this.#parts;
    probed.cancelTimer = clock.setTimer(() => this.#due(probed), Math.max(0, dueMs - clock.monotonicMs()));
  }

  #due(probed: Probed): void {
    if (this.#running < PROBES_MAX) return this.#begin(probed);
    probed.isWaiting = true;
    this.#waiting.push(probed);
  }

  #begin(probed: Probed): void {
    const { clock, probe } = this.#parts;
    this.#running++;
    probed.verdict.began(clock.monotonicMs());
    this.#schedule(probed);
    probe(probed.target).then((outcome) => this.#ended(probed, outcome));
  }

  #ended(probed: Probed, outcome: Outcome): void {
    const { verdict, key } = probed;
    this.#running--;
    if (this.#isFollowed(probed)) {
      verdict.ended(outcome, this.#parts.clock.monotonicMs());
      this.#schedule(probed);
      const { judged: state, reason } = verdict;
      if (state !== "unknown") this.#parts.judged(key, { state, reason });
    }
    this.#beginNext();
  }

  #beginNext(): void {
    while (this.#running < PROBES_MAX) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.isWaiting = false;
      if (this.#isFollowed(next)) this.#begin(next);
    }
  }
}
