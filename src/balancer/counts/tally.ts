import { type Choice, destinationIn, reasonIn } from "../choose/choice.ts";
import { REASONS } from "../choose/reasons.ts";
import type { Target } from "../choose/routing.ts";

/** Redirects of one kind. */
export interface Tallied {
  readonly cluster: string;
  /** The name of a destination. */
  readonly destination: string;
  readonly reason: typeof REASONS[number];
  /** Of the answer. */
  readonly status: number;
  readonly count: number;
}

/** Counts redirects by cluster, destination and reason. */
export class Tally {
  readonly #counts = new Map<Target, Uint32Array<ArrayBuffer>>();
  /** That of the last redirect, mostly that of the next one, too. */
  #target: Target | undefined;
  #ofTarget = new Uint32Array(0);

  count(target: Target, choice: Choice): void {
    if (target !== this.#target) this.#turnTo(target);
    this.#ofTarget[choice]!++;
  }

  #turnTo(target: Target): void {
    let counts = this.#counts.get(target);
    if (counts === undefined) {
      counts = new Uint32Array(target.destinations.length * REASONS.length);
      this.#counts.set(target, counts);
    }
    this.#target = target;
    this.#ofTarget = counts;
  }

  /** Hands over what was counted, and begins anew. */
  take(): Tallied[] {
    const taken: Tallied[] = [];
    for (const [{ cluster, destinations, status }, counts] of this.#counts) {
      counts.forEach((count, choice) => {
        if (count === 0) return;
        const { name } = destinations[destinationIn(choice)]!;
        taken.push({ cluster, destination: name, reason: REASONS[reasonIn(choice)], status, count });
      });
    }
    this.#counts.clear();
    this.#target = undefined;
    return taken;
  }
}
