import { statusLine } from "../../shared/http/status.ts";
import { ALL_WELL, type Availability } from "./availability.ts";
import { type RateCap, rateCap } from "./rate_cap.ts";
import { Reason } from "./reasons.ts";
import { seedOf } from "./rendezvous.ts";
import { cdnsOf, ORIGIN, STEERING_TTL_S } from "../routes/route_options.ts";
import { checkRoute } from "../routes/route_rules.ts";
import { cdnBase, type RouteSettings } from "../routes/route_settings.ts";
import { type Shares, sharesOf } from "./shares.ts";

export type { RouteSettings } from "../routes/route_settings.ts";

/** The settings of one cluster, as the store keeps them. */
export interface Route extends RouteSettings {
  readonly cluster: string;
  /** From 1; each change adds 1. The count continues when a deleted route is created again. */
  readonly version: number;
  /** The time of the last change, in ISO 8601. */
  readonly updatedAt: string;
  /** Who made the last change: the name of a token, or `environment` for the first route. */
  readonly updatedBy: string;
  /**
   * The rule that the route breaks, and what to give instead; undefined: the route is valid. An invalid route
   * is never in force. The API accepts none, but a row that was written by hand may hold one.
   */
  readonly problem?: string;
}

/**
 * Two counters of a cluster, in memory that all workers share: the turns taken, and the origin's turns that
 * were diverted to a CDN. Each cluster has its own counters. So a new cluster never continues the turns of a
 * removed one, even while some workers still use the older table.
 */
export type TurnCounter = BigUint64Array<SharedArrayBuffer>;

/** A place that viewers are redirected to: the origin or a CDN. */
export interface Destination {
  readonly name: string;
  /**
   * The start of its URLs, up to and including the slash before the server's name. Empty for the origin,
   * whose URLs stay as they are.
   */
  readonly prefix: string;
}

/**
 * A route as the workers use it. Everything that does not depend on the request is computed in advance. Can
 * be posted to a worker.
 */
export interface Target {
  readonly cluster: string;
  /** The version of the route; 0 if unknown. */
  readonly version: number;
  /** Whether requests for its videos are redirected. */
  readonly isEnabled: boolean;
  /** The status of a redirect. */
  readonly status: number;
  /** The start of a redirect: its status line and `location: `. */
  readonly head: string;
  /** The origin first, then the CDNs that are enabled. */
  readonly destinations: readonly Destination[];
  /** The shares by the weights of the route. */
  readonly configured: Shares;
  /**
   * The shares in force. While every destination takes its whole share, this is the same object as
   * `configured`.
   */
  readonly effective: Shares;
  /** The shares for requests that are diverted from the origin; undefined: no CDN has a weight above 0. */
  readonly cdnsAlone: Shares | undefined;
  /** By destination: why it takes nothing of its share; undefined: it takes some or all of it. */
  readonly away: readonly (Reason | undefined)[];
  /** Which part of a video's path chooses the destination; undefined: turns choose it. */
  readonly spread: "directory" | "path" | undefined;
  /** By destination: its hash for the spread by path. */
  readonly seeds: readonly number[];
  /** Servers of the origin that get no redirects; undefined: none. */
  readonly drainedServers: ReadonlySet<string> | undefined;
  /** The rate limit of the origin; undefined: none. */
  readonly cap: RateCap | undefined;
  /** How long a steered player waits before it asks again, in seconds. */
  readonly steeringTtlS: number;
  /** The port that a video's URL must name, with its colon; empty: the default port of the scheme. */
  readonly originPort: string;
  readonly turns: TurnCounter;
  /** The state of {@linkcode cap}, shared by all workers. */
  readonly cell: Int32Array<SharedArrayBuffer>;
}

/**
 * The targets by the name of their cluster. Immutable: a change makes a new table. Can be posted to a worker.
 */
export type RoutingTable = ReadonlyMap<string, Target>;

/** The fields of a route that a table needs. */
type TableRoute = RouteSettings & Pick<Route, "cluster"> & Partial<Pick<Route, "version">>;

export interface TableOptions {
  /** The table before; its clusters keep their counters. */
  readonly previous?: RoutingTable;
  /** The number of turns that a new cluster starts after; by default 0. */
  readonly turnsTaken?: () => bigint;
  /** The availability of a cluster's destinations; undefined: each takes its whole share. */
  readonly availabilityOf?: (cluster: string) => Availability | undefined;
}

/**
 * Makes the routing table for these routes.
 *
 * @throws {RangeError} A route breaks a rule of route_rules.ts.
 */
export function routingTable(
  routes: Iterable<TableRoute>,
  { previous = new Map(), turnsTaken = () => 0n, availabilityOf = () => undefined }: TableOptions = {},
): RoutingTable {
  const table = new Map<string, Target>();
  for (const route of routes) {
    const before = previous.get(route.cluster);
    const availability = availabilityOf(route.cluster) ?? ALL_WELL;
    const made = TARGETS.get(route);
    const isSame = before !== undefined && made?.target === before && made.availability === availability;
    table.set(
      route.cluster,
      isSame ? before : target(route, availability, before ?? turnCounters(turnsTaken())),
    );
  }
  return table;
}

/**
 * A cache of the target made from each route object. A route that is the same object as before, with the same
 * availability, keeps its target object. So with 20,000 routes a change of one makes one new target, and only
 * that one is sent to the workers.
 */
const TARGETS = new WeakMap<object, { target: Target; availability: Availability }>();

function target(
  route: TableRoute,
  availability: Availability,
  { turns, cell }: Pick<Target, "turns" | "cell">,
): Target {
  const { cluster, version = 0, ...settings } = route;
  checkRoute(cluster, settings);
  const cdns = cdnsOf(settings).filter(({ enabled }) => enabled !== false);
  const destinations = [
    { name: ORIGIN, prefix: "" },
    ...cdns.map(({ name, host }) => ({ name, prefix: `${cdnBase(host)}/` })),
  ];
  const made: Target = {
    cluster,
    version,
    isEnabled: settings.enabled !== false,
    status: settings.status ?? 301,
    head: `${statusLine(settings.status ?? 301)}location: `,
    destinations,
    ...dealing(destinations, [settings.originWeight, ...cdns.map(({ weight }) => weight)], availability),
    spread: settings.spread && (settings.spreadBy ?? "directory"),
    seeds: destinations.map(({ name }) => seedOf(name)),
    drainedServers: availability.drainedServers.size > 0 ? availability.drainedServers : undefined,
    cap: settings.originRateMax === undefined ? undefined : rateCap(settings.originRateMax),
    steeringTtlS: settings.steeringTtlS ?? STEERING_TTL_S,
    originPort: settings.originPort === null ? "" : `:${settings.originPort}`,
    turns,
    cell,
  };
  TARGETS.set(route, { target: made, availability });
  return made;
}

/** During a slow start a share is rounded up to a multiple of 1/SHARE_STEPS. */
const SHARE_STEPS = 20;

/**
 * Distributes the turns of destinations that are away over the others, by their weights. If all others have
 * weight 0, the origin takes everything; if the origin is away too, the CDNs of weight 0 share everything. If
 * every destination is away, all count as available: a redirect that may fail is better than no redirect.
 */
function dealing(
  destinations: readonly Destination[],
  weights: readonly number[],
  { absent }: Availability,
): Pick<Target, "configured" | "effective" | "cdnsAlone" | "away"> {
  const configured = sharesOf(weights);
  const absences = destinations.map(({ name }) => absent.get(name));
  const isThere = (i: number) => absences[i]?.share !== 0;
  const hasAny = (some: readonly number[]) => some.some((weight) => weight > 0);
  const withoutOrigin = (some: readonly number[]) => some.map((weight, i) => i === 0 ? 0 : weight);
  const left = weights.map((weight, i) => weight * Math.ceil((absences[i]?.share ?? 1) * SHARE_STEPS));
  const fallback = weights.map((_, i) => isThere(i) && (i === 0) === isThere(0) ? 1 : 0);
  const taking = [left, fallback].find(hasAny);
  const isSteady = taking === undefined || absences.every((absence) => absence === undefined);
  const cdns = [withoutOrigin(left), withoutOrigin(weights)].find(hasAny);
  return {
    configured,
    effective: isSteady ? configured : sharesOf(taking),
    cdnsAlone: cdns && sharesOf(cdns),
    away: absences.map((absence) =>
      isSteady || absence?.share !== 0
        ? undefined
        : absence.reason === "forced"
        ? Reason.forced
        : Reason.failover
    ),
  };
}

/** The difference between two tables, as it is sent to a worker. */
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

/** Applies a change to a table. The result is a new table; the given one does not change. */
export function changedTable(before: RoutingTable, { changed, removed }: TableChange): RoutingTable {
  const table = new Map(before);
  for (const [cluster, target] of changed) table.set(cluster, target);
  for (const cluster of removed) table.delete(cluster);
  return table;
}

function turnCounters(turnsTaken: bigint): Pick<Target, "turns" | "cell"> {
  const turns = new BigUint64Array(new SharedArrayBuffer(2 * BigUint64Array.BYTES_PER_ELEMENT));
  turns[0] = turnsTaken;
  return { turns, cell: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
}
