import { familiesOf, type Family, type Sample, type Value } from "../../shared/metrics/exposition.ts";
import { buildInfo, processMetrics } from "../../shared/metrics/process_metrics.ts";
import type { Moment } from "./moment.ts";

const PREFIX = "sluice_balancer";

const { counter, gauge } = familiesOf(PREFIX);
const one = (value: Value): Sample[] => [{ value }];
/** Returns a sample for each entry, with the entry's key as the value of the label. */
const by = (label: string, entries: Iterable<readonly [key: string | number, value: number]>): Sample[] =>
  [...entries].map(([key, value]) => ({ labels: { [label]: String(key) }, value }));

/** Returns every metric of the balancer. Unknown values have no line. */
export function balancerMetrics(moment: Moment): Family[] {
  const { facts, usage } = moment;
  const { version, deno, startSeconds } = facts;
  return [
    buildInfo(PREFIX, version, deno),
    ...answers(moment),
    ...connections(moment),
    ...routes(moment),
    ...database(moment),
    ...destinations(moment),
    ...workers(moment),
    // Deno can't count file descriptors without FFI, which this service does not use.
    ...processMetrics({ ...usage, startSeconds, openDescriptors: null, maxDescriptors: null }),
  ];
}

function answers({ totals }: Moment): Family[] {
  return [
    counter(
      "redirects_total",
      "Redirects, by cluster, destination and the reason for choosing it",
      [...totals.redirects.all()].map(({ cluster, destination, reason, count }) => ({
        labels: { cluster, target: destination, reason },
        value: count,
      })),
    ),
    counter("refusals_total", "Requests refused, by the rule that they break", by("reason", totals.refusals)),
    counter("answers_total", "Answers to viewers, by status", by("status", totals.answers)),
    {
      name: `${PREFIX}_redirect_seconds`,
      type: "histogram",
      help:
        "Time from reading the last byte of a request to handing its answer to the socket, refusals included",
      samples: [{ value: totals.latency }],
    },
  ];
}

function connections({ totals, facts }: Moment): Family[] {
  const { accepted, failed, timedOutReading, timedOutIdle, timedOutWriting, evicted, refused } =
    totals.connections;
  return [
    gauge("connections_open", "Open connections of viewers", one(totals.open)),
    gauge("connections_max", "The most connections of viewers that may be open", one(facts.connectionsMax)),
    counter("connections_accepted_total", "Connections of viewers accepted", one(accepted)),
    counter(
      "connections_closed_total",
      "Connections of viewers that the balancer closed early, by reason",
      by("reason", [
        ["header_timeout", timedOutReading],
        ["idle", timedOutIdle],
        ["write_timeout", timedOutWriting],
        ["limit", evicted],
        ["refused", refused],
      ]),
    ),
    counter("accept_errors_total", "Failed attempts to accept a connection", one(failed)),
  ];
}

function routes({ state, newest, snapshotAgeSeconds, changes }: Moment): Family[] {
  return [
    gauge("routes", "Routes in force", one(state.table?.size ?? null)),
    gauge(
      "routes_newest_version",
      "Version of the route that was changed last",
      one(newest?.version ?? null),
    ),
    gauge(
      "routes_changed_timestamp_seconds",
      "When a route was changed last, in Unix time",
      one(newest ? Date.parse(newest.updatedAt) / 1000 : null),
    ),
    gauge("routes_refused", "Routes in the database that break a rule", one(state.refusedRoutes)),
    gauge(
      "snapshot_age_seconds",
      "Time since the routes were last saved to the snapshot, which happens when they change",
      one(snapshotAgeSeconds),
    ),
    counter(
      "changes_total",
      "Changes requested through the API, by result",
      by("result", Object.entries(changes)),
    ),
  ];
}

function database({ database }: Moment): Family[] {
  return [
    gauge("database_up", "1 while the database answers", one(database.isUp ? 1 : 0)),
    gauge("database_read_only", "1 while the database takes no changes", one(database.isReadOnly ? 1 : 0)),
    counter(
      "database_reconnects_total",
      "Times that the database answered again after an outage",
      one(database.reconnects),
    ),
    gauge(
      "routes_stale_seconds",
      "Time for which the routes in force may be older than in the database, 0 while the database answers",
      one(database.staleSeconds),
    ),
  ];
}

function destinations({ health, healthChanges }: Moment): Family[] {
  const known = health.flatMap(({ cluster, destinations }) =>
    destinations.filter(({ state, override }) => state !== "unchecked" || override !== undefined)
      .map(({ name, share }) => ({ labels: { cluster, target: name }, value: share > 0 ? 1 : 0 }))
  );
  return [
    gauge(
      "destination_up",
      "1 while a destination with a check or an override gets requests, otherwise 0",
      known,
    ),
    counter(
      "destination_changes_total",
      "Times that a destination went down or came up again",
      by("to", Object.entries(healthChanges)),
    ),
  ];
}

function workers({ state, certificateEndSeconds }: Moment): Family[] {
  return [
    gauge("workers_alive", "Workers that answer viewers", one(state.listening)),
    gauge("spare_workers", "Spare workers, each ready to replace a worker that dies", one(state.spares)),
    gauge(
      "certificate_expiry_timestamp_seconds",
      "When the certificate for viewers expires, in Unix time",
      one(certificateEndSeconds),
    ),
  ];
}
