import { familiesOf, type Family, type Sample, type Value } from "../../shared/metrics/exposition.ts";
import { buildInfo, processMetrics } from "../../shared/metrics/process_metrics.ts";
import type { Moment } from "./moment.ts";

const PREFIX = "sluice_balancer";

const { counter, gauge } = familiesOf(PREFIX);
const one = (value: Value): Sample[] => [{ value }];
/** A sample for each entry, with its key as this label. */
const by = (label: string, entries: Iterable<readonly [key: string | number, value: number]>): Sample[] =>
  [...entries].map(([key, value]) => ({ labels: { [label]: String(key) }, value }));

/** Every metric of the balancer. What isn't known has no line. */
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
    // Deno shows the descriptors of a process to nobody without a library, which this service does not open.
    ...processMetrics({ ...usage, startSeconds, openDescriptors: null, maxDescriptors: null }),
  ];
}

function answers({ totals }: Moment): Family[] {
  return [
    counter(
      "redirects_total",
      "Redirects by cluster, destination and why it was that one",
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
      help: "Time from a request's last byte read to its answer handed to the socket, refusals included",
      samples: [{ value: totals.latency }],
    },
  ];
}

function connections({ totals, facts }: Moment): Family[] {
  const { accepted, failed, timedOutReading, timedOutIdle, timedOutWriting, evicted, refused } =
    totals.connections;
  return [
    gauge("connections_open", "Connections of viewers that are open", one(totals.open)),
    gauge("connections_max", "Connections of viewers that may be open", one(facts.connectionsMax)),
    counter("connections_accepted_total", "Connections of viewers that came", one(accepted)),
    counter(
      "connections_closed_total",
      "Connections that were closed by this side before their time, by reason",
      by("reason", [
        ["header_timeout", timedOutReading],
        ["idle", timedOutIdle],
        ["write_timeout", timedOutWriting],
        ["limit", evicted],
        ["refused", refused],
      ]),
    ),
    counter("accept_errors_total", "Tries to accept a connection that failed", one(failed)),
  ];
}

function routes({ state, newest, snapshotAgeSeconds, changes }: Moment): Family[] {
  return [
    gauge("routes", "Routes that requests are answered from", one(state.table?.size ?? null)),
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
    gauge("routes_refused", "Routes of the database that break a rule", one(state.refusedRoutes)),
    gauge(
      "snapshot_age_seconds",
      "Time since the routes were kept in a file, which is when they change",
      one(snapshotAgeSeconds),
    ),
    counter(
      "changes_total",
      "Changes asked for through the API, by result",
      by("result", Object.entries(changes)),
    ),
  ];
}

function database({ database }: Moment): Family[] {
  return [
    gauge("database_up", "1 while the database answers", one(database.isUp ? 1 : 0)),
    gauge("database_read_only", "1 while the database takes no changes", one(database.isReadOnly ? 1 : 0)),
    counter("database_reconnects_total", "Times that the database came back", one(database.reconnects)),
    gauge(
      "routes_stale_seconds",
      "Time for which the routes may be older than the database's, 0 while it answers",
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
    gauge("destination_up", "1 while a destination that is checked, or forced, takes its share", known),
    counter(
      "destination_changes_total",
      "Times that a destination went down or came up",
      by("to", Object.entries(healthChanges)),
    ),
  ];
}

function workers({ state, certificateEndSeconds }: Moment): Family[] {
  return [
    gauge("workers_alive", "Workers that answer viewers", one(state.listening)),
    gauge("spare_workers", "Parked workers, each to replace one that dies", one(state.spares)),
    gauge(
      "certificate_expiry_timestamp_seconds",
      "When the certificate that viewers are shown ends, in Unix time",
      one(certificateEndSeconds),
    ),
  ];
}
