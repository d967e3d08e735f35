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
 * The turns of a cluster that were taken, and those of the origin that were given to a CDN: two elements in memory that
 * every worker shares. Each cluster has its own, so that one which takes the place of another can't go on with its
 * turns, whatever table a worker still has in its hands.
 */
export type TurnCounter = BigUint64Array<SharedArrayBuffer>;

/** A place that videos are watched at. */
export interface Destination {
  readonly name: string;
  /** What its URLs begin with, up to and with the slash before the server; empty: the origin, where a URL stays as it is. */
  readonly prefix: string;
}

/** A route as a worker needs it: as little as can be is left to be done for each request. Can be posted to a worker. */
export interface Target {
  readonly cluster: string;
  /** Of the route; 0 where it is not known. */
  readonly version: number;
  /** Whether its videos are redirected at all. */
  readonly isEnabled: boolean;
  /** Of a redirect. */
  readonly status: number;
  /** The status line of a redirect, and the name of the field that says where to. */
  readonly head: string;
  /** The origin first, then the CDNs that are not switched off. */
  readonly destinations: readonly Destination[];
  /** As the route has it, by destination. */
  readonly configured: Shares;
  /** As it is while some destinations are away: the same object while all are there. */
  readonly effective: Shares;
  /** Where those go that the origin can't take; undefined: there is no CDN. */
  readonly cdnsAlone: Shares | undefined;
  /** Why a destination takes none of its share; undefined: it takes it. */
  readonly away: readonly (Reason | undefined)[];
  /** What of a path decides where it goes; undefined: the turn does. */
  readonly spread: "directory" | "path" | undefined;
  /** By destination: what it draws with where the path decides. */
  readonly seeds: readonly number[];
  /** Servers of the origin that are to be left alone; undefined: none. */
  readonly drainedServers: ReadonlySet<string> | undefined;
  /** Undefined: the origin takes all that comes. */
  readonly cap: RateCap | undefined;
  /** How long a player that is steered waits before it asks again, in seconds. */
  readonly steeringTtlS: number;
  /** The port as a video URL has to name it, with its colon, or empty. */
  readonly originPort: string;
  readonly turns: TurnCounter;
  /** The cell of {@linkcode cap}. */
  readonly cell: Int32Array<SharedArrayBuffer>;
}

/** What is known of each cluster, by its name. Never changed: replaced whole. Can be posted to a worker. */
export type RoutingTable = ReadonlyMap<string, Target>;

/** What a table needs of a route. */
type TableRoute = RouteSettings & Pick<Route, "cluster"> & Partial<Pick<Route, "version">>;

export interface TableOptions {
  /** A cluster that is in it goes on with its turns. */
  readonly previous?: RoutingTable;
  /** The turns that another cluster begins after. */
  readonly turnsTaken?: () => bigint;
  /** By cluster; undefined: all its destinations are well. */
  readonly availabilityOf?: (cluster: string) => Availability | undefined;
}

/**
 * The table for these routes.
 *
 * @throws {RangeError} A route breaks a rule of route_settings.ts.
 */
export function routingTable(
  routes: Iterable<TableRoute>,
  { previous = new Map(), turnsTaken = () => 0n, availabilityOf = () => undefined }: TableOptions = {},
): RoutingTable {
  const table = new Map<string, Target>();
  for (const route of routes) {
    const before = previous.get(route.cluster);
    const availability = availabilityOf(route.cluster) ?? ALL_WELL;
    const made = MADE.get(route);
    const isSame = before !== undefined && made?.target === before && made.availability === availability;
    table.set(
      route.cluster,
      isSame ? before : target(route, availability, before ?? turnCounters(turnsTaken())),
    );
  }
  return table;
}

/**
 * The target that was made of each route, as long as both are in use: of a route that is the same object, so is the
 * target. Of 20,000 routes a change makes one anew, and that one alone is sent to the workers.
 */
const MADE = new WeakMap<object, { target: Target; availability: Availability }>();

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
  MADE.set(route, { target: made, availability });
  return made;
}

/** A share that rises is rounded to one in so many. */
const SHARE_STEPS = 20;

/**
 * Deals the turns of those that are away to the others, by their weights. Where no weight is left, the origin takes all;
 * if it is away, too, CDNs of weight 0 do. Where nobody is left, all are taken to be there: to redirect to where it may
 * fail is better than to fail.
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

function turnCounters(turnsTaken: bigint): Pick<Target, "turns" | "cell"> {
  const turns = new BigUint64Array(new SharedArrayBuffer(2 * BigUint64Array.BYTES_PER_ELEMENT));
  turns[0] = turnsTaken;
  return { turns, cell: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
}
