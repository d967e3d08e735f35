import type { Tallied } from "./tally.ts";

/** The redirects of all workers since the start, by cluster, destination and reason. */
export class RedirectTotals {
  readonly #totals = new Map<string, Tallied>();

  add(redirects: readonly Tallied[]): void {
    for (const one of redirects) {
      const key = `${one.cluster} ${one.destination} ${one.reason}`;
      const before = this.#totals.get(key)?.count ?? 0;
      this.#totals.set(key, { ...one, count: before + one.count });
    }
  }

  /** Forgets clusters that are no longer there, so that no number of clusters that come and go makes this grow. */
  keepOnly(isThere: (cluster: string) => boolean): void {
    for (const [key, { cluster }] of this.#totals) if (!isThere(cluster)) this.#totals.delete(key);
  }

  all(): Iterable<Tallied> {
    return this.#totals.values();
  }
}
