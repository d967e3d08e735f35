import type { ForcedState, Override } from "../routes/override.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";

export { StoreReadOnly, StoreUnavailable } from "../../shared/database/errors.ts";

/** One change of a route: its settings before and after it, null where there was none. */
export interface RouteVersion {
  /** From 1, counted for each cluster; goes on after the route was removed and made again. */
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: string;
  readonly before: RouteSettings | null;
  readonly after: RouteSettings | null;
}

/** There is no such cluster, or no such version of it. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}

/** The routes and their history, and what operators want for a time. Every method may throw {@linkcode StoreUnavailable}, except `watch` and `close`. */
export interface Store {
  /** All routes, by cluster. */
  routes(): Promise<Route[]>;
  route(cluster: string): Promise<Route | undefined>;
  /**
   * Makes, replaces or removes a route, as a new version: settings to make or replace it, null to remove it. All
   * or nothing. `to` may be called again when another change comes between; what it throws is passed on, and
   * nothing is changed. Without a route, null changes nothing.
   */
  change(
    cluster: string,
    by: string,
    to: (current: Route | undefined) => RouteSettings | null,
  ): Promise<{ before: Route | undefined; after: Route | undefined }>;
  /** The versions of a cluster below `before`, newest first; none when there never was such a route. */
  history(cluster: string, page: { before?: number; limit: number }): Promise<RouteVersion[]>;
  /**
   * Calls `changed` with all routes now, after every change by anyone, and after every outage; several changes may
   * be told as one. Calls `state` when the database is found to be up or down, or to take no changes, and each time
   * that turns.
   * Calls `overridden` with what operators want at the moment, at least after every change of that.
   * Resolves after the first attempt to read, whatever came of it; never rejects. To be called once.
   */
  watch(
    changed: (routes: Route[]) => void,
    state: (up: boolean, isReadOnly: boolean) => void,
    overridden?: (overrides: Override[]) => void,
  ): Promise<void>;
  /** Sets what an operator wants of a destination, from now for so many seconds, in place of what was wanted before. */
  override(
    cluster: string,
    name: string,
    by: string,
    to: { readonly state: ForcedState; readonly forS: number },
  ): Promise<Override>;
  /** @returns what was removed; undefined: nothing was wanted. */
  removeOverride(cluster: string, name: string): Promise<Override | undefined>;
  /** Makes the first route of a database that has never had one, and tells whether it did. */
  seed(route: RouteSettings & { cluster: string }, by: string): Promise<boolean>;
  /** Ends the watch and the connections; what is under way may fail. */
  close(): Promise<void>;
}
