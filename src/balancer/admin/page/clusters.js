/**
 * A panel for each cluster: how its requests should be split, and how they were split.
 *
 * @module
 */
import { count, percent, UNKNOWN } from "../../../shared/page/format.js";
import { button, byId, make, replace, setText } from "../../../shared/page/dom.js";

const TONES = 5;

/** The origin has the first tone. The CDNs use the other tones in turn. @param {number} at */
const toneOf = (at) => `tone-${at === 0 ? 0 : 1 + (at - 1) % (TONES - 1)}`;

/** @typedef {{ panel: Element, about: Element, change: HTMLElement, split: Element, body: Element }} Panel */
/** The panels by cluster. @type {Map<string, Panel>} */
const panels = new Map();

/** @param {string} cluster @param {(cluster: string) => void} edit */
function panelOf(cluster, edit) {
  const known = panels.get(cluster);
  if (known) return known;
  const panel = make("div", "", "panel cluster");
  const title = make("div", "", "title");
  const about = make("p");
  const change = button("Change", () => edit(cluster), "small");
  change.setAttribute("aria-label", `Change ${cluster}`);
  title.append(make("h3", cluster), about, change);
  const split = make("div", "", "split");
  split.setAttribute("aria-hidden", "true");
  const scroll = make("div", "", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", `Destinations of ${cluster}`);
  const table = make("table");
  const head = make("tr");
  for (const [name, isText] of HEADS) {
    const cell = make("th", name, isText ? "text" : "");
    cell.setAttribute("scope", "col");
    head.append(cell);
  }
  const thead = make("thead");
  thead.append(head);
  const body = make("tbody");
  table.append(thead, body);
  scroll.append(table);
  panel.append(title, split, scroll);
  const made = { panel, about, change, split, body };
  panels.set(cluster, made);
  return made;
}

/** @type {[string, boolean][]} */
const HEADS = [["Destination", false], ["Health", true], ["Weight", false], ["Share", false], [
  "Last minute",
  false,
], ["Last hour", false]];

/** @param {string} label @param {(number | null)[]} parts */
function bar(label, parts) {
  const line = make("div", "", "bar");
  const sum = parts.reduce((all, part) => (all ?? 0) + (part ?? 0), 0);
  parts.forEach((part, i) => {
    if (!sum || !part) return;
    const piece = make("span", "", toneOf(i));
    piece.style.flexGrow = String(Math.round(part / sum * 10_000));
    line.append(piece);
  });
  return [make("span", label), line];
}

const GOOD_STATES = new Set(["up"]);

/** @param {any} destination @param {number} at @param {number} minute @param {number} hour */
function rowOf({ name, state, is_forced, detail, weight, share, ...counts }, at, minute, hour) {
  const row = make("tr");
  const first = make("td");
  first.append(make("span", "", `key ${toneOf(at)}`), name);
  const tone = state === "unchecked" || state === "unknown"
    ? "state-quiet"
    : GOOD_STATES.has(state)
    ? "state-good"
    : "state-bad";
  const health = make("td", is_forced ? `${state} (override)` : state, `text ${tone}`);
  if (detail) health.title = detail;
  row.append(
    first,
    health,
    make("td", count(weight)),
    make("td", percent(share)),
    make("td", minute > 0 ? percent(counts.minute / minute) : UNKNOWN),
    make("td", hour > 0 ? percent(counts.hour / hour) : UNKNOWN),
  );
  return row;
}

/** @param {any} status @param {boolean} mayChange @param {(cluster: string) => void} edit */
export function showClusters(status, mayChange, edit) {
  const shown = status.clusters.map((/** @type {any} */ cluster) => {
    const { destinations } = cluster;
    const { panel, about, change, split, body } = panelOf(cluster.cluster, edit);
    const sumOf = (/** @type {string} */ name) =>
      destinations.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one[name], 0);
    const [minute, hour] = [sumOf("minute"), sumOf("hour")];
    const spread = cluster.spread === "turn" ? "spread in turn" : `spread by ${cluster.spread}`;
    const off = cluster.enabled ? "" : ", switched off";
    setText(
      about,
      `version ${cluster.version || UNKNOWN}, ${spread}${off}, ${count(minute)} redirects in the last minute`,
    );
    change.hidden = !mayChange;
    const columnOf = (/** @type {string} */ name) => destinations.map((/** @type {any} */ one) => one[name]);
    replace(split, [
      ...bar("Configured", columnOf("share")),
      ...bar("Last minute", columnOf("minute")),
      ...bar("Last hour", columnOf("hour")),
    ]);
    replace(
      body,
      destinations.map((/** @type {any} */ one, /** @type {number} */ i) => rowOf(one, i, minute, hour)),
    );
    return panel;
  });
  const list = byId("clusters");
  if (
    shown.length !== list.children.length ||
    shown.some((/** @type {Element} */ panel, /** @type {number} */ i) => list.children[i] !== panel)
  ) {
    list.replaceChildren(...shown);
  }
  const left = (status.routes.count ?? 0) - shown.length;
  const note = shown.length === 0
    ? "There is no route yet."
    : left > 0
    ? `${count(left)} more clusters, with less traffic, are not shown.`
    : "";
  setText(byId("clusters-note"), note);
}
