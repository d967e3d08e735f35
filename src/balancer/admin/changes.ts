import type { Log } from "../../shared/log.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";
import { type Store, StoreUnavailable } from "../store/store.ts";
import { type Conditions, precondition } from "./conditions.ts";
import { Problem } from "./problems.ts";
import { settingsJson } from "./schemas.ts";

/** Who requests a change, of which cluster, and under which conditions. */
export interface ChangeRequest {
  readonly cluster: string;
  readonly by: string;
  readonly conditions: Conditions;
}

export const pathOf = (cluster: string): string => `/api/v1/routes/${cluster}`;

export const unknownRoute = (cluster: string): Problem =>
  new Problem("unknown-route", `there is no route for ${cluster}: create it with PUT ${pathOf(cluster)}`);

/** The result of a requested change, as the metrics count it. */
export type ChangeResult = "made" | "changed" | "removed" | "conflict" | "refused" | "unavailable" | "failed";

export type ChangeCounts = Record<ChangeResult, number>;

export const noChanges = (): ChangeCounts => ({
  ...{ made: 0, changed: 0, removed: 0 },
  ...{ conflict: 0, refused: 0, unavailable: 0, failed: 0 },
});

/**
 * Changes routes. Each change is one transaction of the store, which also checks the conditions, and one line
 * of the log.
 *
 * Every method throws a {@linkcode Problem} if the change is refused, and the store's error if that fails.
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

  /** Creates or replaces the route. */
  async put(request: ChangeRequest, settings: RouteSettings): Promise<{ made: boolean; route: Route }> {
    const check = precondition(request.conditions);
    const { before, after } = await this.#change(request, (current) => {
      check(current);
      return settings;
    });
    return { made: before === undefined, route: after! };
  }

  /**
   * Changes an existing route.
   *
   * @param to returns the new settings of the current route; may be called more than once, and may throw
   */
  async patch(request: ChangeRequest, to: (current: Route) => RouteSettings): Promise<Route> {
    const { after } = await this.#changeExisting(request, to);
    return after!;
  }

  /** Removes an existing route. */
  async remove(request: ChangeRequest): Promise<void> {
    await this.#changeExisting(request, () => null);
  }

  #changeExisting(request: ChangeRequest, to: (current: Route) => RouteSettings | null) {
    const check = precondition(request.conditions);
    return this.#change(request, (current) => {
      // A missing route is reported before the conditions are checked (RFC 9110, 13.2.1).
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
    this.#log.info("route_changed", `${by} ${did === "made" ? "created" : did} the route of ${cluster}`, {
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
