import type { Log } from "../../shared/log.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";
import { type Store, StoreUnavailable } from "../store/store.ts";
import { type Conditions, precondition } from "./conditions.ts";
import { Problem } from "./problems.ts";
import { settingsJson } from "./schemas.ts";

/** Who asks for a change, of which cluster, and on what conditions. */
export interface ChangeRequest {
  readonly cluster: string;
  readonly by: string;
  readonly conditions: Conditions;
}

export const pathOf = (cluster: string): string => `/api/v1/routes/${cluster}`;

export const unknownRoute = (cluster: string): Problem =>
  new Problem("unknown-route", `there is no route for ${cluster}: PUT ${pathOf(cluster)} makes one`);

/** What became of changes that were asked for. */
export type ChangeResult = "made" | "changed" | "removed" | "conflict" | "refused" | "unavailable" | "failed";

export type ChangeCounts = Record<ChangeResult, number>;

export const noChanges = (): ChangeCounts => ({
  ...{ made: 0, changed: 0, removed: 0 },
  ...{ conflict: 0, refused: 0, unavailable: 0, failed: 0 },
});

/**
 * Changes of routes, each one transaction of the store with the condition inside it, and one line of the log.
 * Every method throws {@linkcode Problem}.
 */
export class Changes {
  readonly #store: Store;
  readonly #log: Log;
  readonly #counts: ChangeCounts;

  constructor(store: Store, log: Log, counts = noChanges()) {
    this.#store = store;
    this.#log = log;
    this.#counts = counts;
  }

  /** Makes the route, or replaces it. */
  async put(request: ChangeRequest, settings: RouteSettings): Promise<{ made: boolean; route: Route }> {
    const check = precondition(request.conditions);
    const { before, after } = await this.#change(request, (current) => {
      check(current);
      return settings;
    });
    return { made: before === undefined, route: after! };
  }

  /** @param to what becomes of the route as it is; may be called more than once, and may throw */
  async patch(request: ChangeRequest, to: (current: Route) => RouteSettings): Promise<Route> {
    const { after } = await this.#changeExisting(request, to);
    return after!;
  }

  async remove(request: ChangeRequest): Promise<void> {
    await this.#changeExisting(request, () => null);
  }

  #changeExisting(request: ChangeRequest, to: (current: Route) => RouteSettings | null) {
    const check = precondition(request.conditions);
    return this.#change(request, (current) => {
      // What isn't there can't be changed on any condition: the error goes before them (RFC 9110, 13.2.1).
      if (current === undefined) throw unknownRoute(request.cluster);
      check(current);
      return to(current);
    });
  }

  async #change({ cluster, by }: ChangeRequest, to: (current: Route | undefined) => RouteSettings | null) {
    const { before, after } = await this.#store.change(cluster, by, to).catch((error) => {
      this.#counts[failureOf(error)]++;
      throw error;
    });
    const did = before === undefined ? "made" : after === undefined ? "removed" : "changed";
    this.#counts[did]++;
    this.#log.info("route_changed", `${by} ${did} the route of ${cluster}`, {
      cluster,
      by,
      version: after?.version,
      before: before && settingsJson(before),
      after: after && settingsJson(after),
    });
    return { before, after };
  }
}

function failureOf(error: unknown): ChangeResult {
  if (error instanceof StoreUnavailable) return "unavailable";
  if (!(error instanceof Problem)) return "failed";
  return error.problem === "precondition-failed" ? "conflict" : "refused";
}
