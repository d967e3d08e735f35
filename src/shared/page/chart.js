/**
 * A line chart of the last minutes, up to an hour, in SVG, coloured by the style sheet. The pointer or the
 * arrow keys select a point, whose values are then shown.
 *
 * It uses no chart library: the aggregator runs with `--no-npm` and loads no packages, and a copy of a
 * library's code would get no updates.
 *
 * @module
 */
import { extent, linePath, nearest, niceRange } from "./scale.js";
import { count, timeOfDay, UNKNOWN } from "./format.js";

/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {readonly string[]} series their names; shown if there is more than one
 * @property {(value: number | null) => string} format
 * @property {boolean} [fromZero] whether the scale begins at zero
 * @property {number} gapSeconds the line is broken where no point came for longer than this
 * @property {readonly string[]} [tones] a class for each series: `one`, `two`, `bad`
 */

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 132;
const MARGIN = { top: 8, right: 8, bottom: 20, left: 52 };
/** The time that a chart can show, and the distance of its ticks, in seconds. The shortest fit is used. */
const SPANS = [[300, 60], [900, 180], [1800, 300], [3600, 900]];

/** @param {string} name @param {Record<string, string | number>} [attributes] */
function shape(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** @param {string} name @param {string} [className] @param {string} [text] */
function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export class Chart {
  /** @type {readonly number[]} */
  #times = [];
  /** @type {(number | null)[][]} */
  #columns = [];
  #width = 0;
  /** The index of the selected point; -1: none, so that the newest is shown. */
  #selected = -1;
  #now = 0;
  #span = 3600;
  #tickSeconds = 900;

  /** @param {Element} parent @param {ChartOptions} options */
  constructor(parent, options) {
    this.options = options;
    const tones = options.tones ?? ["one", "two"];
    const figure = element("figure", "chart");
    const caption = element("figcaption");
    caption.append(element("span", "title", options.title));
    this.when = element("span", "when");
    caption.append(this.when);
    const legend = element("div", "legend");
    this.values = options.series.map((name, i) => {
      const entry = element("span", `entry ${tones[i]}`);
      const value = element("span", "value", UNKNOWN);
      if (options.series.length > 1) entry.append(element("span", "name", name));
      entry.append(value);
      legend.append(entry);
      return value;
    });
    caption.append(legend);
    this.svg = shape("svg", { height: HEIGHT, role: "img", tabindex: 0 });
    this.grid = shape("g", { class: "grid" });
    this.lines = options.series.map((_, i) => shape("path", { class: `line ${tones[i]}` }));
    this.cursor = shape("line", { class: "cursor", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
    this.svg.append(this.grid, ...this.lines, this.cursor);
    figure.append(caption, this.svg);
    parent.append(figure);
    new ResizeObserver(([entry]) => {
      this.#width = Math.floor(entry.contentRect.width);
      this.#draw();
    }).observe(figure);
    this.#listen();
  }

  /**
   * @param {readonly number[]} times in seconds, ascending
   * @param {(number | null)[][]} columns a value for each time and series
   * @param {number} now the right end
   * @param {number} since the left end, or later
   */
  update(times, columns, now, since) {
    const [span, tick] = SPANS.find(([span]) => span >= now - since) ?? SPANS.at(-1);
    this.#span = span;
    this.#tickSeconds = tick;
    this.#times = times;
    this.#columns = columns;
    this.#now = now;
    this.#draw();
  }

  #listen() {
    this.svg.addEventListener("pointermove", (event) => {
      const { left } = this.svg.getBoundingClientRect();
      this.#select(nearest(this.#times, this.#timeAt(event.clientX - left)));
    });
    this.svg.addEventListener("pointerleave", () => this.#select(-1));
    this.svg.addEventListener("blur", () => this.#select(-1));
    this.svg.addEventListener("keydown", (event) => {
      const last = this.#times.length - 1;
      const at = this.#selected < 0 ? last : this.#selected;
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, Escape: -1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.#select(event.key === "Escape" ? -1 : Math.min(Math.max(to, 0), last));
    });
  }

  /** @param {number} at */
  #select(at) {
    this.#selected = at;
    this.#showValues();
  }

  get #plotWidth() {
    return Math.max(1, this.#width - MARGIN.left - MARGIN.right);
  }

  /** @param {number} pixel */
  #timeAt(pixel) {
    return this.#now - this.#span + (pixel - MARGIN.left) / this.#plotWidth * this.#span;
  }

  /** @param {number} time */
  #x(time) {
    return MARGIN.left + (time - this.#now + this.#span) / this.#span * this.#plotWidth;
  }

  #draw() {
    if (this.#width === 0) return;
    const { fromZero, gapSeconds, format } = this.options;
    this.svg.setAttribute("width", String(this.#width));
    this.svg.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    const found = extent(this.#columns) ?? { low: 0, high: 0 };
    const range = niceRange(fromZero ? Math.min(0, found.low) : found.low, found.high, 3);
    const plotHeight = HEIGHT - MARGIN.top - MARGIN.bottom;
    /** @param {number} value */
    const y = (value) => MARGIN.top + (range.high - value) / (range.high - range.low) * plotHeight;
    this.#drawGrid(range.ticks, y, format);
    this.lines.forEach((line, i) => {
      const path = linePath(this.#times, this.#columns[i] ?? [], (time) => this.#x(time), y, gapSeconds);
      line.setAttribute("d", path);
    });
    this.#showValues();
  }

  /**
   * @param {readonly number[]} ticks
   * @param {(value: number) => number} y
   * @param {ChartOptions["format"]} format
   */
  #drawGrid(ticks, y, format) {
    const right = this.#width - MARGIN.right;
    const bottom = HEIGHT - MARGIN.bottom;
    const parts = [];
    const short = ticks.map(format);
    // Labels that would look the same are written in full.
    const labels = new Set(short).size < ticks.length ? ticks.map(count) : short;
    for (const [i, tick] of ticks.entries()) {
      parts.push(shape("line", { x1: MARGIN.left, x2: right, y1: y(tick), y2: y(tick) }));
      const label = shape("text", { x: MARGIN.left - 8, y: y(tick) + 4, "text-anchor": "end" });
      label.textContent = labels[i];
      parts.push(label);
    }
    const first = Math.ceil((this.#now - this.#span) / this.#tickSeconds) * this.#tickSeconds;
    for (let time = first; time <= this.#now; time += this.#tickSeconds) {
      const x = this.#x(time);
      parts.push(shape("line", { x1: x, x2: x, y1: bottom, y2: bottom + 4 }));
      if (x < MARGIN.left + 16 || x > right - 16) continue;
      const label = shape("text", { x, y: HEIGHT - 4, "text-anchor": "middle" });
      label.textContent = timeOfDay(time);
      parts.push(label);
    }
    this.grid.replaceChildren(...parts);
  }

  /** Shows the values of the selected point, or of the newest. */
  #showValues() {
    const at = this.#selected < 0 ? this.#times.length - 1 : Math.min(this.#selected, this.#times.length - 1);
    const { format, title, series } = this.options;
    const texts = series.map((_, i) => at < 0 ? UNKNOWN : format(this.#columns[i]?.[at] ?? null));
    texts.forEach((text, i) => {
      if (this.values[i].textContent !== text) this.values[i].textContent = text;
    });
    const isSelected = this.#selected >= 0 && at >= 0;
    this.when.textContent = isSelected ? timeOfDay(this.#times[at], true) : "";
    this.cursor.setAttribute("class", isSelected ? "cursor shown" : "cursor");
    if (isSelected) {
      const x = String(Math.round(this.#x(this.#times[at])));
      this.cursor.setAttribute("x1", x);
      this.cursor.setAttribute("x2", x);
    }
    const when = isSelected ? `at ${timeOfDay(this.#times[at], true)}` : "now";
    const values = series.map((name, i) => `${name} ${texts[i]}`).join(", ");
    this.svg.setAttribute("aria-label", `${title}, the last ${this.#span / 60} minutes; ${when}: ${values}`);
  }
}
