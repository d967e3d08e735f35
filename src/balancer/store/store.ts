import type { ForcedState, Override } from "../routes/override.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";

export { StoreReadOnly, StoreUnavailable } from "../../shared/database/errors.ts";

/** One change of a route: its settings before and after the change; null: there was no route. */
export interface RouteVersion {
  /** From 1, per cluster. The count continues when a removed route is created again. */
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: string;
  readonly before: RouteSettings | null;
  readonly after: RouteSettings | null;
}

/** Thrown if there is no such cluster, or no such version of it. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}

/**
 * Stores routes, their history, and the overrides of operators. Every method except `watch` and `close` may
 * throw {@linkcode StoreUnavailable}.
 */
export interface Store {
  /** All routes, ordered by cluster. */
  routes(): Promise<Route[]>;
  route(cluster: string): Promise<Route | undefined>;
  /**
   * Creates, replaces or removes a route atomically, and stores the change as a new version.
   *
   * @param to returns the new settings, or null to remove the route. It is called again if a concurrent
   * change was made. If it throws, nothing changes, and the error is passed on.
   * @returns the route before and after. If there was no route and `to` returns null, nothing changes.
   */
  change(
    cluster: string,
    by: string,
    to: (current: Route | undefined) => RouteSettings | null,
  ): Promise<{ before: Route | undefined; after: Route | undefined }>;
  /**
   * The versions of a cluster with numbers below `before`, newest first; empty if the cluster never had a
   * route.
   */
  history(cluster: string, page: { before?: number; limit: number }): Promise<RouteVersion[]>;
  /**
   * Follows the store. To be called once. Resolves after the first attempt to read, whether or not it
   * succeeded; never rejects.
   *
   * @param changed called with all routes: at first, after changes by any instance, and after an outage.
   * Several changes may lead to one call.
   * @param state called with whether the database is up and whether it is read-only: at first and after each
   * change
   * @param overridden called with all overrides in force: at first, and at least after each change of them
   */
  watch(
    changed: (routes: Route[]) => void,
    state: (up: boolean, isReadOnly: boolean) => void,
    overridden?: (overrides: Override[]) => void,
  ): Promise<void>;
  /** Sets an override for `forS` seconds from now, in place of one with the same name. */
  override(
    cluster: string,
    name: string,
    by: string,
    to: { readonly state: ForcedState; readonly forS: number },
  ): Promise<Override>;
  /** Removes an override. Returns it; undefined: none was in force. */
  removeOverride(cluster: string, name: string): Promise<Override | undefined>;
  /** Creates the first route of a database that never had one. Returns whether it did. */
  seed(route: RouteSettings & { cluster: string }, by: string): Promise<boolean>;
  /** Ends the watch and closes the connections. Calls in progress may fail. */
  close(): Promise<void>;
}
