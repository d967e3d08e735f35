import { quantile } from "../../shared/metrics/buckets.ts";
import { toJson } from "../../shared/log.ts";
import type { DestinationView } from "../health/health_board.ts";
import { REASONS } from "../choose/reasons.ts";
import type { Target } from "../choose/routing.ts";
import { Name } from "../counts/totals.ts";
import { increase, LATENCY_BOUNDS } from "../counts/work.ts";
import type { Moment } from "./moment.ts";

/** The most clusters that the page shows: the busiest of the last hour. */
export const CLUSTERS_MAX = 50;

/**
 * Returns the status as one line of JSON. Null means unknown.
 *
 * @param wallMs Unix time in milliseconds
 * @param hasHistory whether to include the history of the last hour
 */
export function statusJson(moment: Moment, wallMs: number, hasHistory: boolean): string {
  const { facts, readiness, totals, nowMs, database, state, newest, changes, usage } = moment;
  const minute = totals.latencyOfMinute(nowMs);
  const { version, deno, startSeconds, address, workers, spareWorkers, connectionsMax } = facts;
  return toJson({
    service: "balancer",
    ...{ version, deno, address, readiness },
    start_seconds: startSeconds,
    wall_seconds: wallMs / 1000,
    minute_seconds: totals.recent.minuteSeconds(nowMs),
    cpu_seconds: usage.cpuSeconds,
    resident_bytes: usage.residentBytes,
    workers: { alive: state.listening, wanted: workers, spares: state.spares, spares_wanted: spareWorkers },
    connections: { open: totals.open, max: connectionsMax, ...totals.connections },
    redirected: sum([...totals.redirects.all()].map(({ count }) => count)),
    refused: sum([...totals.refusals.values()]),
    latency: { p50: quantile(minute, 0.5), p99: quantile(minute, 0.99) },
    reasons: reasonsOf(moment),
    database: {
      kind: facts.database,
      up: database.isUp,
      read_only: database.isReadOnly,
      stale_seconds: database.staleSeconds,
      reconnects: database.reconnects,
    },
    routes: {
      count: state.table?.size ?? null,
      refused: state.refusedRoutes,
      newest: newest
        ? { cluster: newest.cluster, version: newest.version, at: newest.updatedAt, by: newest.updatedBy }
        : null,
    },
    changes,
    snapshot_age_seconds: moment.snapshotAgeSeconds,
    certificate_end_seconds: moment.certificateEndSeconds,
    clusters: clustersOf(moment),
    newest_slots: slotsOf(moment, wallMs, 3),
    ...hasHistory ? { history: slotsOf(moment, wallMs, Infinity) } : {},
  });
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

/** Counts redirects and refusals by reason: in the last minute, and since the start. */
function reasonsOf({ totals, nowMs }: Moment) {
  const redirects = REASONS.map((reason) => ({
    kind: "redirect",
    reason,
    minute: totals.recent.minute(Name.reason(reason), nowMs),
    total: sum([...totals.redirects.all()].filter((one) => one.reason === reason).map(({ count }) => count)),
  }));
  const refusals = [...totals.refusals].map(([reason, total]) => ({
    kind: "refusal",
    reason,
    minute: totals.recent.minute(Name.refusal(reason), nowMs),
    total,
  }));
  return [...redirects, ...refusals].filter(({ total }) => total > 0);
}

function clustersOf(moment: Moment) {
  const known = new Map(moment.health.map(({ cluster, destinations }) => [cluster, destinations]));
  return shownTargets(moment).map((target) => clusterOf(target, known.get(target.cluster), moment))
    .sort((one, other) => one.cluster < other.cluster ? -1 : 1);
}

/**
 * Chooses the clusters to show: all, or of many clusters the busiest of the last hour. Only clusters that had
 * redirects are ranked. Measured once: ranking all of 20,000 clusters would take 30 ms of each second.
 */
function shownTargets({ state: { table }, totals, nowMs }: Moment): readonly Target[] {
  if (table === undefined || table.size <= CLUSTERS_MAX) return [...table?.values() ?? []];
  const hours = new Map<string, number>();
  const names = new Map([...totals.redirects.all()].map(({ cluster, destination }) => [
    Name.destination(cluster, destination),
    cluster,
  ]));
  for (const [name, cluster] of names) increase(hours, cluster, totals.recent.hour(name, nowMs));
  const shown = new Set(
    [...hours].sort(([, one], [, other]) => other - one).slice(0, CLUSTERS_MAX)
      .flatMap(([cluster]) => table.get(cluster) ?? []),
  );
  for (const target of table.values()) {
    if (shown.size >= CLUSTERS_MAX) break;
    shown.add(target);
  }
  return [...shown];
}

function clusterOf(target: Target, health: readonly DestinationView[] | undefined, moment: Moment) {
  const { totals: { recent }, nowMs } = moment;
  const { cluster, version, isEnabled, spread, destinations, configured, effective } = target;
  const [wanted, taken] = [sum(configured.weights), sum(effective.weights)];
  const shown = destinations.map(({ name }, i) => {
    const view = health?.find((one) => one.name === name);
    return {
      name,
      weight: configured.weights[i]!,
      share: wanted > 0 ? configured.weights[i]! / wanted : null,
      now: taken > 0 ? effective.weights[i]! / taken : null,
      minute: recent.minute(Name.destination(cluster, name), nowMs),
      hour: recent.hour(Name.destination(cluster, name), nowMs),
      state: view?.override?.state ?? view?.state ?? "unchecked",
      is_forced: view?.override !== undefined,
      detail: view?.state === "unchecked" ? "" : view?.reason ?? "",
    };
  });
  return { cluster, version, enabled: isEnabled, spread: spread ?? "turn", destinations: shown };
}

/**
 * Returns a row for each of the last completed slots, at most `rowsMax`: the end of the slot in Unix time,
 * redirects, refusals, open connections, and the latencies p50 and p99 in seconds.
 */
function slotsOf({ totals: { recent }, nowMs }: Moment, wallMs: number, rowsMax: number) {
  const ends = recent.ends(nowMs).slice(-rowsMax);
  const [redirected, refused, open] = [Name.redirected, Name.refused, Name.open]
    .map((name) => recent.series(name, ends));
  const buckets = [...LATENCY_BOUNDS, Infinity].map((_, i) => recent.series(Name.latency(i), ends));
  return ends.map((end, at) => {
    const latency = { bounds: LATENCY_BOUNDS, counts: buckets.map((counts) => counts[at]!) };
    return [
      Math.round((wallMs - nowMs + end) / 1000),
      ...[redirected![at]!, refused![at]!, open![at]!],
      ...[quantile(latency, 0.5), quantile(latency, 0.99)],
    ];
  });
}
