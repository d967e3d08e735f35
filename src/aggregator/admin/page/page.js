/**
 * The script of the aggregator's page: asks the service for its status and shows it.
 *
 * @module
 */
import { Chart } from "../../../shared/page/chart.js";
import { byId, make, setText, showFacts } from "../../../shared/page/dom.js";
import { bytes, count, duration, percent, rate, short, UNKNOWN } from "../../../shared/page/format.js";
import { follow } from "../../../shared/page/live.js";
import { Tiles } from "../../../shared/page/tiles.js";
import { lostVerdict, showVerdict } from "../../../shared/page/verdict.js";
import { History } from "./history.js";
import { verdictOf } from "./verdict.js";

/** Samples come once a second. A longer gap than this interrupts the line of a chart. */
const GAP_SECONDS = 5;
/** How many of the newest records are shown. */
const NEWEST = 12;
/** The charts of the first window lengths are open at first, those of the others are folded. */
const WINDOWS_OPEN = 2;

const history = new History();

/** @type {readonly [key: string, label: string, unit: string][]} */
const TILES = [
  ["accepted", "Messages", "/s"],
  ["received", "Datagrams", "/s"],
  ["rejected", "Rejected", "/s"],
  ["dropped", "Dropped", "/s"],
  ["lag", "Waiting records", ""],
  ["age", "Last record", "ago"],
  ["cpu", "CPU (of one core)", ""],
  ["memory", "Memory", ""],
];
const tiles = new Tiles(byId("tiles"), TILES);

const traffic = byId("traffic");
const messages = new Chart(traffic, {
  title: "Messages a second",
  series: ["messages"],
  format: rate,
  fromZero: true,
  gapSeconds: GAP_SECONDS,
});
const losses = new Chart(traffic, {
  title: "Losses a second",
  series: ["dropped datagrams", "rejected messages"],
  tones: ["bad", "two"],
  format: rate,
  fromZero: true,
  gapSeconds: GAP_SECONDS,
});

/** @type {Map<number, Chart[]>} */
const windowCharts = new Map();

/** @param {readonly number[]} lengths */
function makeWindowCharts(lengths) {
  if (windowCharts.size > 0) return;
  lengths.forEach((length, i) => {
    const details = /** @type {HTMLDetailsElement} */ (make("details"));
    details.open = i < WINDOWS_OPEN;
    const grid = make("div", "", "charts");
    details.append(make("summary", `Windows of ${length} s`), grid);
    byId("windows").append(details);
    const options = { format: short, gapSeconds: length * 1.5 };
    windowCharts.set(length, [
      new Chart(grid, { ...options, title: "A1_sum", series: ["A1_sum"], fromZero: true }),
      new Chart(grid, { ...options, title: "A2_max", series: ["A2_max"] }),
      new Chart(grid, { ...options, title: "A3_min", series: ["A3_min"] }),
    ]);
  });
}

/** @type {{ seconds: number, cpu: number, share: number | null } | undefined} */
let usage;

/** Returns the CPU usage since the last event, as a share of one core. @param {any} status */
function processorShare({ cpu_seconds, reported_seconds }) {
  if (usage && reported_seconds > usage.seconds) {
    const share = (cpu_seconds - usage.cpu) / (reported_seconds - usage.seconds);
    usage = { seconds: reported_seconds, cpu: cpu_seconds, share: Math.max(0, share) };
  } else if (!usage) usage = { seconds: reported_seconds, cpu: cpu_seconds, share: null };
  return usage.share;
}

/** @param {any} status */
function showWorkers(status) {
  const total = status.datagrams.received;
  const rows = status.workers.map((/** @type {any} */ worker) => {
    const row = make("tr");
    const tone = { receiving: "state-good", parked: "state-quiet" }[/** @type {string} */ (worker.state)] ??
      "state-bad";
    const share = worker.received === null || !total ? null : worker.received / total;
    row.append(
      make("td", String(worker.worker)),
      make("td", worker.state ?? UNKNOWN, `text ${tone}`),
      make("td", count(worker.received)),
      make("td", percent(share)),
      make("td", bytes(worker.queue_bytes)),
      make("td", count(worker.dropped)),
    );
    return row;
  });
  byId("workers").replaceChildren(...rows);
}

/** @param {any} status @returns {[string, string][]} */
function factsOf(status) {
  const { records, checkpoint, datagrams, messages, clock_steps, descriptors } = status;
  return [
    ["File", status.file],
    ["Records written", count(records.written)],
    ["Records waiting", count(records.waiting)],
    [
      "Last checkpoint",
      checkpoint.last_age_seconds === null ? UNKNOWN : `${duration(checkpoint.last_age_seconds)} ago`,
    ],
    ["Late messages", count(messages.late)],
    ["Datagrams lost with a dead worker", count(datagrams.lost)],
    ["Datagrams dropped by the kernel", count(datagrams.dropped)],
    ["Spare workers left", count(status.spares_left)],
    ["Clock steps", `${count(clock_steps.forward)} forward, ${count(clock_steps.back)} back`],
    [
      "Open file descriptors",
      descriptors.open === null ? UNKNOWN : `${count(descriptors.open)} of ${count(descriptors.max)}`,
    ],
  ];
}

function showCharts() {
  const { seconds } = history.samples;
  const now = seconds.at(-1) ?? Date.now() / 1000;
  const since = seconds[0] ?? now;
  const times = history.rateTimes;
  messages.update(times, [history.rates("accepted")], now, since);
  losses.update(times, [history.rates("dropped"), history.rates("rejected")], now, since);
  for (const [length, charts] of windowCharts) {
    const rows = history.windows.get(length) ?? [];
    charts.forEach((chart, i) =>
      chart.update(rows.map(([at]) => at), [rows.map((row) => Number(row[i + 1]))], now, since)
    );
  }
}

/** @param {any} status */
function show(status) {
  const { listen, version } = status;
  const where = listen.map((/** @type {{ hostname: string, port: number | null }} */ { hostname, port }) =>
    `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port ?? UNKNOWN}`
  );
  const up = duration(Date.now() / 1000 - status.start_seconds);
  setText(byId("where"), `${version} on ${where.join(", ")}, up ${up}`);
  if (!status.datagrams) return showVerdict(verdictOf(status));
  makeWindowCharts(status.window_seconds);
  const last = (/** @type {any} */ name) => history.rates(name).at(-1) ?? null;
  const [accepted, rejected, dropped] = [last("accepted"), last("rejected"), last("dropped")];
  tiles.show("accepted", rate(accepted));
  tiles.show("received", rate(last("received")));
  tiles.show("rejected", rate(rejected));
  tiles.show("dropped", rate(dropped), Boolean(dropped));
  tiles.show("lag", count(status.records.waiting), !status.sink_up);
  tiles.show("age", duration(status.records.last_age_seconds));
  tiles.show("cpu", percent(processorShare(status)));
  tiles.show("memory", bytes(status.resident_bytes));
  showVerdict(verdictOf(status, { dropped, rejected, accepted }));
  showWorkers(status);
  showFacts(byId("facts"), factsOf(status));
  showCharts();
  setText(byId("newest"), history.newest(NEWEST).join("\n") || UNKNOWN);
}

follow({
  whole: "api/v1/status",
  brief: "api/v1/status?history=no",
  events: "api/v1/events",
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
