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
  for (const { cluster, ...settings } of routes) {
    checkRoute(cluster, settings);
    table.set(cluster, {
      cdnPrefix: `${cdnBase(settings.cdnHost)}/`,
      cdnWeight: settings.cdnWeight,
      originWeight: settings.originWeight,
      originPort: settings.originPort === null ? "" : `:${settings.originPort}`,
      turns: previous.get(cluster)?.turns ?? turnCounter(turnsTaken),
    });
  }
  return table;
}

function turnCounter(turnsTaken: bigint): TurnCounter {
  return new BigUint64Array(new SharedArrayBuffer(BigUint64Array.BYTES_PER_ELEMENT)).fill(turnsTaken);
}
