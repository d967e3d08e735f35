import { cdnBase, checkRoute, type RouteSettings } from "./route_settings.ts";

export type { RouteSettings } from "./route_settings.ts";

/** The settings of one cluster, as the store keeps them. */
export interface Route extends RouteSettings {
  readonly cluster: string;
  /** From 1, one higher with every change; goes on where a deleted route is made again. */
  readonly version: number;
  /** The time of the last change, in ISO 8601. */
  readonly updatedAt: string;
  /** The name of the token that made it, or of what else did. */
  readonly updatedBy: string;
  /** The rule that it breaks, and what to give instead. Such a route is never in force; the API lets none in. */
  readonly problem?: string;
}

/**
 * The last turn of a cluster, one element in memory that every worker shares. Each cluster has its own, so that one
 * which takes the place of another can't go on with its turns, whatever table a worker still has in its hands.
 */
export type TurnCounter = BigUint64Array<SharedArrayBuffer>;

/** A route as a worker needs it: nothing is left to be put together for each request. */
export interface Target {
  /** What a URL of the CDN begins with, up to and with the slash before the server. */
  readonly cdnPrefix: string;
  readonly cdnWeight: number;
  readonly originWeight: number;
  /** The port as a video URL has to name it, with its colon, or empty. */
  readonly originPort: string;
  readonly turns: TurnCounter;
}

/** What is known of each cluster, by its name. Never changed: replaced whole. Can be posted to a worker. */
export type RoutingTable = ReadonlyMap<string, Target>;

/**
 * The table for these routes. A cluster that is in `previous` goes on with its turns; another one begins after
 * `turnsTaken`.
 *
 * @throws {RangeError} A route breaks a rule of route_settings.ts.
 */
export function routingTable(
  routes: Iterable<{ readonly cluster: string } & RouteSettings>,
  previous: RoutingTable = new Map(),
  turnsTaken = 0n,
): RoutingTable {
  const table = new Map<string, Target>();
  for (const route of routes) {
    const before = previous.get(route.cluster);
    const isMade = before !== undefined && MADE.get(route) === before;
    table.set(route.cluster, isMade ? before : target(route, before?.turns ?? turnCounter(turnsTaken)));
  }
  return table;
}

/**
 * The target that was made of each route, as long as both are in use: of a route that is the same object, so is the
 * target. Of 20,000 routes a change makes one anew, and that one alone is sent to the workers.
 */
const MADE = new WeakMap<object, Target>();

function target(route: { readonly cluster: string } & RouteSettings, turns: TurnCounter): Target {
  const { cluster, ...settings } = route;
  checkRoute(cluster, settings);
  const made = {
    cdnPrefix: `${cdnBase(settings.cdnHost)}/`,
    cdnWeight: settings.cdnWeight,
    originWeight: settings.originWeight,
    originPort: settings.originPort === null ? "" : `:${settings.originPort}`,
    turns,
  };
  MADE.set(route, made);
  return made;
}

/** What makes one table of another: all that has to be sent to whoever has the other one. */
export interface TableChange {
  readonly changed: RoutingTable;
  readonly removed: readonly string[];
}

export function changeBetween(before: RoutingTable, after: RoutingTable): TableChange {
  const changed = new Map<string, Target>();
  for (const [cluster, target] of after) if (before.get(cluster) !== target) changed.set(cluster, target);
  const removed: string[] = [];
  for (const cluster of before.keys()) if (!after.has(cluster)) removed.push(cluster);
  return { changed, removed };
}

/** The table after a change; who holds the one before keeps it as it is. */
export function changedTable(before: RoutingTable, { changed, removed }: TableChange): RoutingTable {
  const table = new Map(before);
  for (const [cluster, target] of changed) table.set(cluster, target);
  for (const cluster of removed) table.delete(cluster);
  return table;
}

function turnCounter(turnsTaken: bigint): TurnCounter {
  return new BigUint64Array(new SharedArrayBuffer(BigUint64Array.BYTES_PER_ELEMENT)).fill(turnsTaken);
}
