import { type Choice, destinationIn, reasonIn } from "../choose/choice.ts";
import { REASONS } from "../choose/reasons.ts";
import type { Target } from "../choose/routing.ts";

/** A count of redirects of one kind. */
export interface Tallied {
  readonly cluster: string;
  /** The name of a destination. */
  readonly destination: string;
  readonly reason: typeof REASONS[number];
  /** The status of the answer. */
  readonly status: number;
  readonly count: number;
}

/** Counts a worker's redirects by cluster, destination and reason. */
export class Tally {
  readonly #counts = new Map<Target, Uint32Array<ArrayBuffer>>();
  /** A cache of the last target and its counts: the next redirect is mostly of the same cluster. */
  #target: Target | undefined;
  #countsOfTarget = new Uint32Array(0);

  count(target: Target, choice: Choice): void {
    if (target !== this.#target) this.#select(target);
    this.#countsOfTarget[choice]!++;
  }

  #select(target: Target): void {
    let counts = this.#counts.get(target);
    if (counts === undefined) {
      counts = new Uint32Array(target.destinations.length * REASONS.length);
      this.#counts.set(target, counts);
    }
    this.#target = target;
    this.#countsOfTarget = counts;
  }

  /** Returns the counts and resets them. */
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
