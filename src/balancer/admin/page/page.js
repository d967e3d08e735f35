/**
 * The operator's page of the balancer.
 *
 * @module
 */
import { Chart } from "../../../shared/page/chart.js";
import { byId, make, replace, setText, showFacts } from "../../../shared/page/dom.js";
import {
  bytes,
  count,
  duration,
  percent,
  rate,
  short,
  timeOfDay,
  UNKNOWN,
} from "../../../shared/page/format.js";
import { follow } from "../../../shared/page/live.js";
import { Tiles } from "../../../shared/page/tiles.js";
import { lostVerdict, showVerdict } from "../../../shared/page/verdict.js";
import { credentials, mayChange } from "./api.js";
import { showClusters } from "./clusters.js";
import { edit } from "./editor.js";
import { History } from "./history.js";
import * as operator from "./operator.js";
import { verdictOf } from "./verdict.js";

/** Points come every 10 s. A chart breaks its line at a longer gap than this. */
const GAP_SECONDS = 25;

const history = new History();
/** Whether the service requires a token even for watching. */
let isClosed = false;
/** @type {any} */
let last;

/** @type {readonly [key: string, label: string, unit: string][]} */
const TILES = [
  ["redirected", "Redirects", "/s"],
  ["refused", "Refused", "/s"],
  ["p50", "Latency p50", ""],
  ["p99", "Latency p99", ""],
  ["open", "Connections", ""],
  ["stale", "Routes", ""],
  ["cpu", "CPU", ""],
  ["memory", "Memory", ""],
];
const tiles = new Tiles(byId("tiles"), TILES);

const shared = { fromZero: true, gapSeconds: GAP_SECONDS };
const traffic = byId("traffic");
const requests = new Chart(traffic, {
  ...shared,
  title: "Requests /s",
  series: ["redirected", "refused"],
  tones: ["one", "bad"],
  format: rate,
});
const latency = new Chart(traffic, {
  ...shared,
  title: "Latency",
  series: ["p50", "p99"],
  format: latencyText,
});
const connections = new Chart(traffic, {
  ...shared,
  title: "Connections",
  series: ["open"],
  format: short,
});

/** `32 µs`, `1.2 ms`. @param {number | null | undefined} seconds */
function latencyText(seconds) {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  return seconds < 0.001
    ? `${short(Math.round(seconds * 1e6))} µs`
    : `${short(Number((seconds * 1e3).toPrecision(2)))} ms`;
}

/** @param {any} status @returns {[string, string][]} */
function factsOf(
  { database, routes, workers, connections, snapshot_age_seconds, certificate_end_seconds, changes },
) {
  const { newest } = routes;
  const kind = database.kind === "postgresql" ? "PostgreSQL" : "embedded PostgreSQL";
  const state = !database.up ? "does not answer" : database.read_only ? "read-only" : "answers";
  const made = changes.made + changes.changed + changes.removed;
  const failed = changes.conflict + changes.refused + changes.unavailable + changes.failed;
  return [
    ["Database", `${kind}, ${state}`],
    ["Database reconnects", count(database.reconnects)],
    ["Routes", count(routes.count)],
    ["Latest change", newest ? `${newest.cluster}, version ${newest.version}, by ${newest.by}` : UNKNOWN],
    [
      "Changed at",
      newest ? `${newest.at.slice(0, 10)} ${timeOfDay(Date.parse(newest.at) / 1000, true)}` : UNKNOWN,
    ],
    ["Changes through this instance", `${count(made)} made, ${count(failed)} refused or failed`],
    ["Snapshot saved", snapshot_age_seconds === null ? UNKNOWN : `${duration(snapshot_age_seconds)} ago`],
    ["Workers", `${count(workers.alive)} of ${count(workers.wanted)}, and ${count(workers.spares)} spare`],
    ["Connections accepted", count(connections.accepted)],
    [
      "Timed out: request, idle, answer",
      [connections.timedOutReading, connections.timedOutIdle, connections.timedOutWriting].map(count).join(
        ", ",
      ),
    ],
    ["Closed to make room, refused", [connections.evicted, connections.refused].map(count).join(", ")],
    [
      "Certificate expires",
      certificate_end_seconds === null
        ? "no TLS"
        : new Date(certificate_end_seconds * 1000).toISOString().slice(0, 10),
    ],
  ];
}

/** @param {any} status */
function showReasons({ reasons, minute_seconds }) {
  const rows = reasons.sort((/** @type {any} */ one, /** @type {any} */ other) => other.total - one.total)
    .map((/** @type {any} */ { kind, reason, minute, total }) => {
      const row = make("tr");
      row.append(
        make("td", reason),
        make(
          "td",
          kind === "redirect" ? "redirected" : "refused",
          `text ${kind === "redirect" ? "state-quiet" : "state-bad"}`,
        ),
        make("td", minute_seconds > 0 ? rate(minute / minute_seconds) : UNKNOWN),
        make("td", count(total)),
      );
      return row;
    });
  const none = make("tr");
  none.append(make("td", UNKNOWN), make("td", UNKNOWN, "text"), make("td", UNKNOWN), make("td", UNKNOWN));
  replace(byId("reasons"), rows.length > 0 ? rows : [none]);
}

function showCharts() {
  const { times } = history;
  const now = times.at(-1) ?? Date.now() / 1000;
  const since = times[0] ?? now;
  requests.update(times, [history.perSecond(1), history.perSecond(2)], now, since);
  latency.update(times, [history.values(4), history.values(5)], now, since);
  connections.update(times, [history.values(3)], now, since);
}

/** @param {any} status */
function show(status) {
  last = status;
  const { database, latency: { p50, p99 }, connections: { open, max } } = status;
  const up = duration(Date.now() / 1000 - status.start_seconds);
  setText(byId("where"), `${status.version} on ${status.address}, up ${up}`);
  const { redirected, refused, cpu } = history.rates;
  tiles.show("redirected", rate(redirected));
  tiles.show("refused", rate(refused));
  tiles.show("p50", latencyText(p50));
  tiles.show("p99", latencyText(p99));
  tiles.show("open", short(open), open > 0.9 * max);
  tiles.show("stale", database.up ? "current" : `${duration(database.stale_seconds)} old`, !database.up);
  tiles.show("cpu", percent(cpu));
  tiles.show("memory", bytes(status.resident_bytes));
  showVerdict(verdictOf(status));
  showClusters(status, mayChange(), (cluster) => edit(cluster, () => {}));
  showReasons(status);
  showFacts(byId("facts"), factsOf(status));
  showCharts();
  operator.follow(status, () => {});
}

operator.begin(() => last && show(last));

follow({
  whole: "api/v1/status",
  brief: "api/v1/status?history=no",
  events: "api/v1/events",
  // An event stream can't send a token, so the token is sent only where the service requires one.
  headers: () => isClosed ? credentials() : {},
  onDenied(status) {
    isClosed = true;
    operator.tokenWanted(status);
    showVerdict({
      tone: "warn",
      sentence: "This service requires a token: enter one below.",
      advice: [],
    });
  },
  onWhole(status) {
    history.begin(status);
    show(status);
  },
  onBrief(status) {
    const isMissing = history.add(status);
    show(status);
    return isMissing;
  },
  onLink(isLost, sinceMs) {
    document.documentElement.classList.toggle("lost", isLost);
    if (isLost) showVerdict(lostVerdict(sinceMs));
  },
});
