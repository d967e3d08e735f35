import type { Tallied } from "./tally.ts";

/** Redirects since the start; by status they are not told apart. */
export type RedirectTotal = Omit<Tallied, "status">;

/** Kinds of redirects that are told apart: a scrape of as many takes some 10 ms. */
export const KINDS_MAX = 5000;
/** Stands for the clusters, and for the destinations, of kinds beyond those. */
export const OTHERS = "(others)";

/** The redirects of all workers since the start, by cluster, destination and reason. */
export class RedirectTotals {
  readonly #totals = new Map<string, RedirectTotal>();
  readonly #kindsMax: number;

  constructor(kindsMax = KINDS_MAX) {
    this.#kindsMax = kindsMax;
  }

  add(redirects: readonly RedirectTotal[]): void {
    for (const { cluster, destination, reason, count } of redirects) {
      const key = `${cluster} ${destination} ${reason}`;
      const isKnown = this.#totals.has(key) || this.#totals.size < this.#kindsMax;
      if (isKnown) this.#add(key, { cluster, destination, reason, count });
      else this.#add(`${OTHERS} ${reason}`, { cluster: OTHERS, destination: OTHERS, reason, count });
    }
  }

  #add(key: string, total: RedirectTotal): void {
    this.#totals.set(key, { ...total, count: total.count + (this.#totals.get(key)?.count ?? 0) });
  }

  /** Forgets destinations that are no longer there, so that no number of them that come and go makes this grow. */
  keepOnly(isThere: (cluster: string, destination: string) => boolean): void {
    for (const [key, { cluster, destination }] of this.#totals) {
      if (cluster !== OTHERS && !isThere(cluster, destination)) this.#totals.delete(key);
    }
  }

  all(): Iterable<RedirectTotal> {
    return this.#totals.values();
  }
}
