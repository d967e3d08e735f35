import type { Log } from "../../shared/log.ts";
import type { Absence, Availability } from "../choose/availability.ts";
import { type Override, reasonOf, serverOf } from "../routes/override.ts";
import type { Route } from "../choose/routing.ts";
import { keyOf, type Place, placesOf, type Target } from "./checks.ts";
import { HealthLog } from "./health_log.ts";
import { absenceOf, type Health, Presence, type Report } from "./presence.ts";
import type { Clock } from "../../shared/clock.ts";

/** How often the board looks for changes by time alone: slow starts, expired reports and overrides. */
const TICK_MS = 250;

/** A prober in this process; see {@linkcode Prober}. */
export interface Probing {
  follow(targets: Iterable<Target>): void;
  stop(): void;
}

/** A destination as the API shows it. */
export interface DestinationView {
  readonly name: string;
  readonly state: Health["state"];
  readonly reason: string;
  /** When the state began, in ISO 8601; null: the destination has no check. */
  readonly since: string | null;
  /** The fraction of its share that it takes now. */
  readonly share: number;
  readonly override: Override | undefined;
  readonly target: Target | undefined;
}

export interface ClusterView {
  readonly cluster: string;
  readonly destinations: readonly DestinationView[];
  /** Overrides that drain servers of the origin. */
  readonly servers: readonly Override[];
}

interface Watched {
  readonly place: Place;
  readonly presence: Presence | undefined;
}

interface Cluster {
  readonly route: Route;
  readonly places: readonly Watched[];
  availability: Availability | undefined;
  /** The availability as text, to notice when it changes. */
  signature: string;
  /** The destinations that the log has reported as down. */
  down: ReadonlySet<string>;
}

/** The overrides of a cluster by name, with their end by the monotonic clock. */
type Overrides = ReadonlyMap<string, { readonly override: Override; readonly endsMs: number }>;

const NONE: Overrides = new Map();

/** Derives each cluster's availability from probers' reports and operators' overrides. Does no probing. */
export class HealthBoard {
  readonly #clock: Clock;
  readonly #log: HealthLog;
  #routes: ReadonlyMap<string, Route> = new Map();
  /** Only clusters that have or had a check or an override, because there may be 20,000 without either. */
  #clusters = new Map<string, Cluster>();
  #overrides: ReadonlyMap<string, Overrides> = new Map();
  /** The destinations that share a check, by its key. */
  #placesByKey = new Map<string, Place[]>();
  #probing: Probing | undefined;
  #cancelTick: (() => void) | undefined;
  #isCallScheduled = false;
  #isStopped = false;
  /** Called when availabilities have changed, once for changes at the same time. */
  onChange: () => void = () => {};

  constructor({ clock, log }: { clock: Clock; log: Log }) {
    this.#clock = clock;
    this.#log = new HealthLog(log);
  }

  /** Sets a prober in this process. It gets the targets of all checks, and reports to {@linkcode judged}. */
  probeBy(probing: Probing): void {
    this.#probing = probing;
  }

  /** Tracks the destinations of these routes, and of no others. */
  follow(routes: readonly Route[]): void {
    const isSame = routes.length === this.#routes.size &&
      routes.every((route) => this.#routes.get(route.cluster) === route);
    if (isSame) return;
    const before = this.#clusters;
    const nowMs = this.#clock.monotonicMs();
    this.#routes = new Map(routes.map((route) => [route.cluster, route]));
    this.#clusters = new Map(
      routes.filter((route) =>
        hasCheck(route) || before.has(route.cluster) || this.#overrides.has(route.cluster)
      )
        .map((route) => [route.cluster, clusterOf(route, before.get(route.cluster), nowMs)]),
    );
    const places = [...this.#clusters.values()].flatMap(({ places }) => places.map(({ place }) => place));
    this.#placesByKey = Map.groupBy(
      places.filter(({ target }) => target !== undefined),
      ({ target }) => keyOf(target!),
    );
    this.#probing?.follow([...this.#placesByKey.values()].map(([place]) => place!.target!));
    this.#tick();
  }

  /** Replaces all overrides by these. */
  override(overrides: readonly Override[]): void {
    const nowMs = this.#clock.monotonicMs();
    const timed = overrides.map((override) => ({ override, endsMs: nowMs + override.leftMs }));
    this.#overrides = new Map(
      [...Map.groupBy(timed, ({ override }) => override.cluster)].map(([cluster, all]) =>
        [cluster, new Map(all.map((each) => [each.override.name, each]))] as const
      ),
    );
    for (const cluster of this.#overrides.keys()) {
      const route = this.#routes.get(cluster);
      if (route && !this.#clusters.has(cluster)) {
        this.#clusters.set(cluster, clusterOf(route, undefined, nowMs));
      }
    }
    this.#tick();
  }

  /** Takes a prober's report. Returns false if there is no such destination, or if it has no check. */
  report(cluster: string, name: string, report: Report): boolean {
    const found = this.#clusters.get(cluster);
    const presence = found?.places.find(({ place }) => place.name === name)?.presence;
    if (found === undefined || presence === undefined) return false;
    const nowMs = this.#clock.monotonicMs();
    const { state } = presence.at(nowMs);
    presence.report(report, nowMs);
    if (presence.at(nowMs).state !== state) this.#refresh(found, nowMs);
    return true;
  }

  /** Takes a report on all destinations that share a check. */
  judged(key: string, report: Report): void {
    for (const { cluster, name } of this.#placesByKey.get(key) ?? []) this.report(cluster, name, report);
  }

  /** The availability of a cluster, the same object until it changes; undefined: all take their share. */
  availabilityOf(cluster: string): Availability | undefined {
    return this.#clusters.get(cluster)?.availability;
  }

  /** All clusters in the order of their names, or only the given one; empty if it does not exist. */
  view(only?: string): ClusterView[] {
    const nowMs = this.#clock.monotonicMs();
    const found = only === undefined ? [...this.#routes.keys()].sort() : [only];
    return found.flatMap((name) => {
      const route = this.#routes.get(name);
      if (route === undefined) return [];
      return [this.#viewOf(name, this.#clusters.get(name) ?? clusterOf(route, undefined, nowMs), nowMs)];
    });
  }

  /** The clusters of {@linkcode view} that have, or had, a check or an override. */
  noted(): ClusterView[] {
    return [...this.#clusters.keys()].sort().flatMap((name) => this.view(name));
  }

  /** How many times a destination went down or came up. */
  get changes(): Readonly<Record<"down" | "up", number>> {
    return this.#log.changes;
  }

  /** Stops the prober and all timers. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTick?.();
    this.#probing?.stop();
  }

  #viewOf(name: string, { places, availability }: Cluster, nowMs: number): ClusterView {
    const overrides = this.#overridesOf(name, nowMs);
    const wallMs = this.#clock.wallMs() - nowMs;
    return {
      cluster: name,
      destinations: places.map(({ place, presence }) => {
        const health = presence?.at(nowMs);
        const override = overrides.get(place.name)?.override;
        return {
          name: place.name,
          state: health?.state ?? "unchecked",
          reason: health?.reason ?? "it has no check",
          since: health ? new Date(wallMs + health.sinceMs).toISOString() : null,
          share: availability?.absent.get(place.name)?.share ?? 1,
          override,
          target: place.target,
        };
      }),
      servers: [...overrides.values()].map(({ override }) => override)
        .filter(({ name }) => serverOf(name) !== undefined),
    };
  }

  #overridesOf(cluster: string, nowMs: number): Overrides {
    const all = this.#overrides.get(cluster);
    return all === undefined ? NONE : new Map([...all].filter(([, { endsMs }]) => endsMs > nowMs));
  }

  /** Applies the changes that time has made, and schedules the next tick. */
  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const cluster of this.#clusters.values()) this.#refresh(cluster, nowMs);
    this.#scheduleTick();
  }

  #scheduleTick(): void {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    // Without checks and overrides time changes nothing, so no timer runs.
    if (this.#isStopped || (this.#placesByKey.size === 0 && this.#overrides.size === 0)) return;
    this.#cancelTick = this.#clock.setTimer(() => this.#tick(), TICK_MS);
  }

  #refresh(cluster: Cluster, nowMs: number): void {
    const { route: { cluster: name }, places } = cluster;
    const overrides = this.#overridesOf(name, nowMs);
    const absent = new Map<string, Absence>();
    const down = new Map<string, string>();
    for (const { place, presence } of places) {
      const health = presence?.at(nowMs);
      const override = overrides.get(place.name)?.override;
      const absence = absenceOf(health, override);
      if (absence) absent.set(place.name, absence);
      if (absence?.share === 0) down.set(place.name, override ? reasonOf(override) : health!.reason);
    }
    const servers = [...overrides.keys()].map(serverOf).filter((server) => server !== undefined);
    const isAllThere = absent.size === 0 && servers.length === 0;
    const signature = isAllThere ? "" : JSON.stringify([[...absent], servers.sort()]);
    if (signature === cluster.signature) return;
    cluster.signature = signature;
    cluster.availability = isAllThere ? undefined : { absent, drainedServers: new Set(servers) };
    this.#logDown(cluster, down, overrides, nowMs);
    this.#changed();
  }

  #logDown(cluster: Cluster, down: Map<string, string>, overrides: Overrides, nowMs: number): void {
    const { route: { cluster: name }, places, down: before } = cluster;
    const wasEverything = before.size > 0 && before.size === places.length;
    cluster.down = new Set(down.keys());
    for (const [destination, reason] of down) {
      if (!before.has(destination)) this.#log.down(name, destination, reason, nowMs);
    }
    for (const destination of before) {
      if (down.has(destination)) continue;
      const override = overrides.get(destination)?.override;
      const { state } = places.find(({ place }) => place.name === destination)?.presence?.at(nowMs) ?? {};
      this.#log.up(name, destination, override ? reasonOf(override) : state ?? "unchecked", nowMs);
    }
    if (down.size > 0 && down.size === places.length && !wasEverything) {
      this.#log.everythingDown(name, nowMs);
    }
  }

  /** Calls {@linkcode onChange} once for all changes in this turn of the event loop. */
  #changed(): void {
    if (this.#isCallScheduled || this.#isStopped) return;
    this.#isCallScheduled = true;
    this.#clock.setTimer(() => {
      this.#isCallScheduled = false;
      if (!this.#isStopped) this.onChange();
    }, 0);
  }
}

const hasCheck = ({ originCheck, cdns }: Route): boolean =>
  originCheck !== undefined || (cdns?.some(({ check }) => check !== undefined) ?? false);

function clusterOf(route: Route, before: Cluster | undefined, nowMs: number): Cluster {
  if (before?.route === route) return before;
  const places = placesOf(route).map((place) => ({ place, presence: presenceOf(place, before, nowMs) }));
  const { availability, signature = "", down = new Set<string>() } = before ?? {};
  const names = new Set(places.map(({ place }) => place.name));
  return {
    route,
    places,
    availability,
    signature,
    down: new Set([...down].filter((name) => names.has(name))),
  };
}

/** The presence of a destination. It is kept while its check stays the same. */
function presenceOf({ name, target }: Place, before: Cluster | undefined, nowMs: number) {
  if (target === undefined) return undefined;
  const known = before?.places.find(({ place }) => place.name === name);
  const isSame = known?.place.target !== undefined && keyOf(known.place.target) === keyOf(target);
  return isSame ? known.presence : new Presence(target, nowMs);
}
