import type { Log } from "../../shared/log.ts";
import type { Absence, Availability } from "../choose/availability.ts";
import { type Override, reasonOf, serverOf } from "../routes/override.ts";
import type { Route } from "../choose/routing.ts";
import { keyOf, type Place, placesOf, type Target } from "./checks.ts";
import { HealthLog } from "./health_log.ts";
import { absenceOf, type Health, Presence, type Report } from "./presence.ts";

/** Between two looks at what time alone changes: slow starts, reports that were not renewed, overrides that end. */
const LOOK_MS = 250;

export interface BoardClock {
  monotonicMs(): number;
  wallMs(): number;
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** What probes here; see {@linkcode Prober}. */
export interface Probing {
  follow(targets: Iterable<Target>): void;
  stop(): void;
}

/** A destination as the API shows it. */
export interface DestinationView {
  readonly name: string;
  readonly state: Health["state"];
  readonly reason: string;
  /** ISO 8601; null: it has no check. */
  readonly since: string | null;
  /** The part of its share that it takes at the moment. */
  readonly share: number;
  readonly override: Override | undefined;
  readonly target: Target | undefined;
}

export interface ClusterView {
  readonly cluster: string;
  readonly destinations: readonly DestinationView[];
  /** Servers of the origin that are to be left alone. */
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
  /** By which one tells whether it is another one than before. */
  signature: string;
  /** The destinations that were told to be down. */
  down: ReadonlySet<string>;
}

type Wanted = ReadonlyMap<string, { readonly override: Override; readonly endsMs: number }>;

const NONE: Wanted = new Map();

/** What is known of the health of every destination, and what operators want of it: from both follows who is there. */
export class HealthBoard {
  readonly #clock: BoardClock;
  readonly #log: HealthLog;
  #routes: ReadonlyMap<string, Route> = new Map();
  /** Those that something may be known or wanted of: of 20,000 routes without a check nothing is kept. */
  #clusters = new Map<string, Cluster>();
  #wanted: ReadonlyMap<string, Wanted> = new Map();
  /** The destinations that each check of a prober is for. */
  #placesByKey = new Map<string, Place[]>();
  #probing: Probing | undefined;
  #cancelLook: (() => void) | undefined;
  #isTelling = false;
  #isStopped = false;
  /** Called when the availability of a cluster has changed, once for all that changed together. */
  onChange: () => void = () => {};

  constructor({ clock, log }: { clock: BoardClock; log: Log }) {
    this.#clock = clock;
    this.#log = new HealthLog(log);
  }

  /** Has these routes' checks made here; what comes of them is to be given to {@linkcode judged}. */
  probeBy(probing: Probing): void {
    this.#probing = probing;
  }

  /** Keeps track of the destinations of these routes, and of no others. */
  follow(routes: readonly Route[]): void {
    const isSame = routes.length === this.#routes.size &&
      routes.every((route) => this.#routes.get(route.cluster) === route);
    if (isSame) return;
    const before = this.#clusters;
    const nowMs = this.#clock.monotonicMs();
    this.#routes = new Map(routes.map((route) => [route.cluster, route]));
    this.#clusters = new Map(
      routes.filter((route) =>
        hasCheck(route) || before.has(route.cluster) || this.#wanted.has(route.cluster)
      )
        .map((route) => [route.cluster, clusterOf(route, before.get(route.cluster), nowMs)]),
    );
    const places = [...this.#clusters.values()].flatMap(({ places }) => places.map(({ place }) => place));
    this.#placesByKey = Map.groupBy(
      places.filter(({ target }) => target !== undefined),
      ({ target }) => keyOf(target!),
    );
    this.#probing?.follow([...this.#placesByKey.values()].map(([place]) => place!.target!));
    this.#look();
  }

  /** Takes what operators want at the moment in place of all that they wanted before. */
  override(overrides: readonly Override[]): void {
    const nowMs = this.#clock.monotonicMs();
    const wanted = overrides.map((override) => ({ override, endsMs: nowMs + override.leftMs }));
    this.#wanted = new Map(
      [...Map.groupBy(wanted, ({ override }) => override.cluster)].map(([cluster, all]) =>
        [cluster, new Map(all.map((each) => [each.override.name, each]))] as const
      ),
    );
    for (const cluster of this.#wanted.keys()) {
      const route = this.#routes.get(cluster);
      if (route && !this.#clusters.has(cluster)) {
        this.#clusters.set(cluster, clusterOf(route, undefined, nowMs));
      }
    }
    this.#look();
  }

  /** @returns whether there is such a destination, with a check. */
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

  /** Takes what a prober found out about all destinations with this check. */
  judged(key: string, report: Report): void {
    for (const { cluster, name } of this.#placesByKey.get(key) ?? []) this.report(cluster, name, report);
  }

  /** Undefined: all destinations of the cluster are there. The same object as long as nothing changes. */
  availabilityOf(cluster: string): Availability | undefined {
    return this.#clusters.get(cluster)?.availability;
  }

  /** All clusters, by name, or none or one. */
  view(only?: string): ClusterView[] {
    const nowMs = this.#clock.monotonicMs();
    const found = only === undefined ? [...this.#routes.keys()].sort() : [only];
    return found.flatMap((name) => {
      const route = this.#routes.get(name);
      if (route === undefined) return [];
      return [this.#viewOf(name, this.#clusters.get(name) ?? clusterOf(route, undefined, nowMs), nowMs)];
    });
  }

  /** Those of {@linkcode view} of which something is known or wanted. */
  noted(): ClusterView[] {
    return [...this.#clusters.keys()].sort().flatMap((name) => this.view(name));
  }

  /** How often a destination went, and how often one came. */
  get changes(): Readonly<Record<"down" | "up", number>> {
    return this.#log.changes;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelLook?.();
    this.#probing?.stop();
  }

  #viewOf(name: string, { places, availability }: Cluster, nowMs: number): ClusterView {
    const wanted = this.#wantedOf(name, nowMs);
    const wallMs = this.#clock.wallMs() - nowMs;
    return {
      cluster: name,
      destinations: places.map(({ place, presence }) => {
        const health = presence?.at(nowMs);
        const override = wanted.get(place.name)?.override;
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
      servers: [...wanted.values()].map(({ override }) => override)
        .filter(({ name }) => serverOf(name) !== undefined),
    };
  }

  #wantedOf(cluster: string, nowMs: number): Wanted {
    const wanted = this.#wanted.get(cluster);
    return wanted === undefined ? NONE : new Map([...wanted].filter(([, { endsMs }]) => endsMs > nowMs));
  }

  /** Finds out what time has changed. */
  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const cluster of this.#clusters.values()) this.#refresh(cluster, nowMs);
    this.#lookLater();
  }

  #lookLater(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    // While there is nothing that time could change, no timer runs.
    if (this.#isStopped || (this.#placesByKey.size === 0 && this.#wanted.size === 0)) return;
    this.#cancelLook = this.#clock.setTimer(() => this.#look(), LOOK_MS);
  }

  #refresh(cluster: Cluster, nowMs: number): void {
    const { route: { cluster: name }, places } = cluster;
    const wanted = this.#wantedOf(name, nowMs);
    const absent = new Map<string, Absence>();
    const down = new Map<string, string>();
    for (const { place, presence } of places) {
      const health = presence?.at(nowMs);
      const override = wanted.get(place.name)?.override;
      const absence = absenceOf(health, override);
      if (absence) absent.set(place.name, absence);
      if (absence?.share === 0) down.set(place.name, override ? reasonOf(override) : health!.reason);
    }
    const servers = [...wanted.keys()].map(serverOf).filter((server) => server !== undefined);
    const isAllThere = absent.size === 0 && servers.length === 0;
    const signature = isAllThere ? "" : JSON.stringify([[...absent], servers.sort()]);
    if (signature === cluster.signature) return;
    cluster.signature = signature;
    cluster.availability = isAllThere ? undefined : { absent, drainedServers: new Set(servers) };
    this.#tell(cluster, down, wanted, nowMs);
    this.#changed();
  }

  #tell(cluster: Cluster, down: ReadonlyMap<string, string>, wanted: Wanted, nowMs: number): void {
    const { route: { cluster: name }, places, down: before } = cluster;
    const wasEverything = before.size > 0 && before.size === places.length;
    cluster.down = new Set(down.keys());
    for (const [destination, reason] of down) {
      if (!before.has(destination)) this.#log.down(name, destination, reason, nowMs);
    }
    for (const destination of before) {
      if (down.has(destination)) continue;
      const override = wanted.get(destination)?.override;
      const { state } = places.find(({ place }) => place.name === destination)?.presence?.at(nowMs) ?? {};
      this.#log.up(name, destination, override ? reasonOf(override) : state ?? "unchecked", nowMs);
    }
    if (down.size > 0 && down.size === places.length && !wasEverything) {
      this.#log.everythingDown(name, nowMs);
    }
  }

  /** Tells once for all that changes in the same turn of the event loop. */
  #changed(): void {
    if (this.#isTelling || this.#isStopped) return;
    this.#isTelling = true;
    this.#clock.setTimer(() => {
      this.#isTelling = false;
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

/** What is known of a destination stays while its check does. */
function presenceOf({ name, target }: Place, before: Cluster | undefined, nowMs: number) {
  if (target === undefined) return undefined;
  const known = before?.places.find(({ place }) => place.name === name);
  const isSame = known?.place.target !== undefined && keyOf(known.place.target) === keyOf(target);
  return isSame ? known.presence : new Presence(target, nowMs);
}
