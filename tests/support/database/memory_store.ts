import type { Override } from "../../../src/balancer/routes/override.ts";
import type { Route, RouteSettings } from "../../../src/balancer/choose/routing.ts";
import type { RouteVersion, Store } from "../../../src/balancer/store/store.ts";

/**
 * A store without a database, for tests of code that uses a store. Calls take effect one microtask later, so
 * code that relies on an immediate effect fails its test.
 */
export class MemoryStore implements Store {
  readonly #routes = new Map<string, Route>();
  /** All versions of each cluster, oldest first; the versions of removed clusters stay. */
  readonly #versions = new Map<string, RouteVersion[]>();
  #changed: (routes: Route[]) => void = () => {};
  #state: (up: boolean, isReadOnly: boolean) => void = () => {};
  #overridden: (overrides: Override[]) => void = () => {};
  readonly #overrides = new Map<string, Override>();
  #outage: Error | undefined;

  /** Makes every call fail with this error from now on; undefined ends the outage. */
  fail(outage: Error | undefined): void {
    this.#outage = outage;
    this.#state(outage === undefined, false);
    if (outage === undefined) this.#changed(this.#sorted());
  }

  async routes(): Promise<Route[]> {
    await this.#answer();
    return this.#sorted();
  }

  async route(cluster: string): Promise<Route | undefined> {
    await this.#answer();
    return this.#routes.get(cluster);
  }

  async change(...[cluster, by, to]: Parameters<Store["change"]>): ReturnType<Store["change"]> {
    await this.#answer();
    // There is no `await` from here on, so nothing else runs in between: this stands for the transaction.
    const before = this.#routes.get(cluster);
    const settings = to(before);
    if (settings === null && before === undefined) return { before, after: undefined };
    const versions = this.#versions.get(cluster) ?? [];
    const version = versions.length + 1;
    const at = new Date(Date.UTC(2026, 0, 1) + version * 1000).toISOString();
    const beforeSettings = before ? settingsOf(before) : null;
    this.#versions.set(cluster, [...versions, { version, at, by, before: beforeSettings, after: settings }]);
    const after = settings === null
      ? undefined
      : { ...settingsOf(settings), cluster, version, updatedAt: at, updatedBy: by };
    if (after === undefined) this.#routes.delete(cluster);
    else this.#routes.set(cluster, after);
    this.#changed(this.#sorted());
    return { before, after };
  }

  async history(cluster: string, page: { before?: number; limit: number }): Promise<RouteVersion[]> {
    await this.#answer();
    return (this.#versions.get(cluster) ?? []).toReversed()
      .filter(({ version }) => page.before === undefined || version < page.before)
      .slice(0, page.limit);
  }

  async watch(
    changed: (routes: Route[]) => void,
    state: (up: boolean, isReadOnly: boolean) => void,
    overridden: (overrides: Override[]) => void = () => {},
  ): Promise<void> {
    this.#changed = changed;
    this.#overridden = overridden;
    this.#state = state;
    await Promise.resolve();
    state(this.#outage === undefined, false);
    if (this.#outage === undefined) changed(this.#sorted());
  }

  async seed(route: RouteSettings & { cluster: string }, by: string): Promise<boolean> {
    if (this.#versions.size > 0) return false;
    await this.change(route.cluster, by, () => settingsOf(route));
    return true;
  }

  async override(...[cluster, name, by, { state, forS }]: Parameters<Store["override"]>): Promise<Override> {
    await this.#answer();
    const leftMs = forS * 1000;
    const [since, expiresAt] = [0, leftMs].map((ms) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString());
    const made = { cluster, name, state, by, since: since!, expiresAt: expiresAt!, leftMs };
    this.#overrides.set(`${cluster} ${name}`, made);
    this.#overridden([...this.#overrides.values()]);
    return made;
  }

  async removeOverride(cluster: string, name: string): Promise<Override | undefined> {
    await this.#answer();
    const removed = this.#overrides.get(`${cluster} ${name}`);
    this.#overrides.delete(`${cluster} ${name}`);
    this.#overridden([...this.#overrides.values()]);
    return removed;
  }

  async close(): Promise<void> {}

  #sorted(): Route[] {
    return [...this.#routes.values()].sort((one, other) => one.cluster < other.cluster ? -1 : 1);
  }

  async #answer(): Promise<void> {
    await Promise.resolve();
    if (this.#outage !== undefined) throw this.#outage;
  }
}

/** Returns the settings alone, without the other fields of a route. */
function settingsOf(settings: RouteSettings): RouteSettings {
  const { cluster: _, version: __, updatedAt: ___, updatedBy: ____, problem: _____, ...rest } =
    settings as Route;
  return rest;
}
