/**
 * The page of the aggregator.
 *
 * @module
 */
import { Chart } from "../../../shared/page/chart.js";
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
import { History } from "./history.js";
import { follow } from "../../../shared/page/live.js";

/** A line is broken where two samples, one a second, are further apart. */
const GAP_SECONDS = 5;
const NEWEST = 12;
/** More windows than this are folded up at first. */
const WINDOWS_OPEN = 2;

const history = new History();
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {Element} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} name @param {string} [text] @param {string} [className] */
function make(name, text = "", className = "") {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** @type {readonly [key: string, label: string, unit: string][]} */
const TILES = [
  ["accepted", "Messages", "/s"],
  ["received", "Datagrams", "/s"],
  ["rejected", "Rejected", "/s"],
  ["dropped", "Dropped", "/s"],
  ["lag", "Waiting records", ""],
  ["age", "Last record", "ago"],
  ["cpu", "Processor", ""],
  ["memory", "Memory", ""],
];
const tiles = new Map(TILES.map(([key, label, unit]) => {
  const tile = make("div", "", "tile");
  const value = make("dd");
  const number = make("span", UNKNOWN);
  value.append(number);
  if (unit) value.append(" ", make("small", unit));
  tile.append(make("dt", label), value);
  byId("tiles").append(tile);
  return [key, { tile, number }];
}));

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
  series: ["dropped datagrams", "rejected lines"],
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

/** The share of one core between two events. @param {any} status */
function processorShare({ cpu_seconds, reported_seconds }) {
  if (usage && reported_seconds > usage.seconds) {
    const share = (cpu_seconds - usage.cpu) / (reported_seconds - usage.seconds);
    usage = { seconds: reported_seconds, cpu: cpu_seconds, share: Math.max(0, share) };
  } else if (!usage) usage = { seconds: reported_seconds, cpu: cpu_seconds, share: null };
  return usage.share;
}

/** @param {string} tone @param {string} sentence @param {readonly string[]} advice */
function judge(tone, sentence, advice) {
  const verdict = byId("verdict");
  verdict.className = `verdict ${tone}`;
  const strong = make("strong", sentence);
  const first = make("p");
  first.append(strong);
  const parts = [first, ...advice.map((text) => make("p", text))];
  const text = parts.map((part) => part.textContent).join();
  if (verdict.dataset.text === text) return;
  verdict.dataset.text = text;
  verdict.replaceChildren(...parts);
}

/** The name with the highest count. @param {Record<string, number>} counts */
const mostFrequent = (counts) =>
  Object.entries(counts).reduce((most, each) => each[1] > most[1] ? each : most)[0];

/** @param {any} status @param {number | null} dropRate @param {number | null} rejectRate @param {number | null} acceptRate */
function verdictOf(status, dropRate, rejectRate, acceptRate) {
  const texts = status.troubles.map((/** @type {{ text: string }} */ { text }) => text);
  if (!status.alive) return judge("bad", texts[0], texts.slice(1));
  if (texts.length > 0) return judge("bad", texts[0], texts.slice(1));
  const warnings = [];
  if (dropRate) {
    warnings.push(
      `The kernel drops ${
        rate(dropRate)
      } datagrams a second: a receive buffer is full. Raise net.core.rmem_max and --receive-buffer, or --workers.`,
    );
  }
  if (rejectRate && acceptRate !== null && rejectRate > (rejectRate + acceptRate) / 100) {
    warnings.push(
      `${
        percent(rejectRate / (rejectRate + acceptRate))
      } of the lines are rejected, since the start most often as ${
        mostFrequent(status.messages.rejected)
      }. Look at who sends them.`,
    );
  }
  if (status.checkpoint.up === false) {
    warnings.push(
      "The checkpoint can't be written: a kill would lose what the open windows hold. Look at the disk.",
    );
  }
  if (warnings.length > 0) return judge("warn", warnings[0], warnings.slice(1));
  judge("good", "All is well: every socket is read, and every record is written.", []);
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
    ["Written", count(records.written)],
    ["Waiting", count(records.waiting)],
    [
      "Last checkpoint",
      checkpoint.last_age_seconds === null ? UNKNOWN : `${duration(checkpoint.last_age_seconds)} ago`,
    ],
    ["Late messages", count(messages.late)],
    ["Lost with a worker", count(datagrams.lost)],
    ["Dropped datagrams", count(datagrams.dropped)],
    ["Spare workers", count(status.spares_left)],
    ["Steps of the clock", `${count(clock_steps.forward)} forward, ${count(clock_steps.back)} back`],
    [
      "Descriptors",
      descriptors.open === null ? UNKNOWN : `${count(descriptors.open)} of ${count(descriptors.max)}`,
    ],
  ];
}

/** @type {Map<string, Element>} */
const factValues = new Map();

/** @param {any} status */
function showFacts(status) {
  for (const [name, value] of factsOf(status)) {
    let element = factValues.get(name);
    if (!element) {
      element = make("dd");
      factValues.set(name, element);
      byId("facts").append(make("dt", name), element);
    }
    setText(element, value);
  }
}

/** @param {string} key @param {string} text @param {boolean} [isBad] */
function tell(key, text, isBad = false) {
  const { tile, number } = /** @type {{ tile: Element, number: Element }} */ (tiles.get(key));
  setText(number, text);
  tile.className = isBad ? "tile bad" : "tile";
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
  if (!status.datagrams) return verdictOf(status, null, null, null);
  makeWindowCharts(status.window_seconds);
  const last = (/** @type {any} */ name) => history.rates(name).at(-1) ?? null;
  const [accepted, rejected, dropped] = [last("accepted"), last("rejected"), last("dropped")];
  tell("accepted", rate(accepted));
  tell("received", rate(last("received")));
  tell("rejected", rate(rejected));
  tell("dropped", rate(dropped), Boolean(dropped));
  tell("lag", count(status.records.waiting), !status.sink_up);
  tell("age", duration(status.records.last_age_seconds));
  tell("cpu", percent(processorShare(status)));
  tell("memory", bytes(status.resident_bytes));
  verdictOf(status, dropped, rejected, accepted);
  showWorkers(status);
  showFacts(status);
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
    if (!isLost) return;
    judge("bad", `The service does not answer since ${timeOfDay(sinceMs / 1000, true)}.`, [
      "What you see is from then. See whether it runs (systemctl status, docker ps), and whether the network between is up.",
    ]);
  },
});
