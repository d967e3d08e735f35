import type { Tallied } from "./tally.ts";

/** A count of redirects since the start, whatever their status. */
export type RedirectTotal = Omit<Tallied, "status">;

/**
 * Measured once: a scrape takes some 10 ms with this many kinds of redirects, so further kinds are
 * counted together.
 */
export const KINDS_MAX = 5000;
/** The name of the cluster and of the destination for all further kinds. */
export const OTHERS = "(others)";

/** Counts the redirects of all workers since the start, by kind: cluster, destination and reason. */
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

  /**
   * Removes destinations that no longer exist, so that the memory does not grow as destinations come and go.
   */
  keepOnly(isThere: (cluster: string, destination: string) => boolean): void {
    for (const [key, { cluster, destination }] of this.#totals) {
      if (cluster !== OTHERS && !isThere(cluster, destination)) this.#totals.delete(key);
    }
  }

  /** All kinds with their counts, in no particular order. */
  all(): Iterable<RedirectTotal> {
    return this.#totals.values();
  }
}
