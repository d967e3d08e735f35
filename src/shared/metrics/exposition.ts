/**
 * Renders metrics for Prometheus: in the text format 0.0.4, or in OpenMetrics 1.0 for clients that ask for
 * it. Pure functions.
 *
 * @module
 */
import type { BucketCounts } from "./buckets.ts";
import { qualities } from "../http/accept.ts";

export type Labels = Readonly<Record<string, string>>;

/** Null: the value is unknown. Its line is left out, because 0 would be wrong. */
export type Value = number | bigint | null;

export interface Sample {
  readonly labels?: Labels;
  readonly value: Value;
}

export interface HistogramSample {
  readonly labels?: Labels;
  readonly value: BucketCounts;
}

/**
 * A metric. The name of a counter ends in `_total`, that of an info in `_info`. The unit comes last, before
 * `_total`, and is a base unit such as seconds or bytes.
 */
export type Family =
  & { readonly name: string; /** One sentence without its full stop. */ readonly help: string }
  & (
    | { readonly type: "counter" | "gauge" | "info" | "unknown"; readonly samples: readonly Sample[] }
    | { readonly type: "histogram"; readonly samples: readonly HistogramSample[] }
  );

/** Returns functions that make counters and gauges whose names begin with `prefix`. */
export function familiesOf(prefix: string) {
  const make =
    (type: "counter" | "gauge") => (name: string, help: string, samples: readonly Sample[]): Family => (
      { name: `${prefix}_${name}`, type, help, samples }
    );
  return { counter: make("counter"), gauge: make("gauge") };
}

export type ExpositionFormat = "text" | "openmetrics";

/** The value of Content-Type for each format. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Chooses the format by a client's `Accept`: OpenMetrics if the client wants it no less than text. */
export function formatFor(accept: string | undefined): ExpositionFormat {
  const wanted = qualities(accept ?? "");
  const open = wanted.get("application/openmetrics-text") ?? 0;
  const text = wanted.get("text/plain") ?? wanted.get("text/*") ?? wanted.get("*/*") ?? 0;
  return open > 0 && open >= text ? "openmetrics" : "text";
}

/** Renders the families in their order, without those that have no sample. */
export function renderMetrics(families: readonly Family[], format: ExpositionFormat): string {
  const text = families.map((family) => renderFamily(family, format)).join("");
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function renderFamily(family: Family, format: ExpositionFormat): string {
  const { type, name, help } = family;
  const lines = type === "histogram"
    ? family.samples.map(({ labels, value }) => renderHistogram(name, labels, value))
    : family.samples.flatMap(({ labels, value }) => value === null ? [] : [line(name, labels, value)]);
  if (lines.length === 0) return "";
  const isOpen = format === "openmetrics";
  // OpenMetrics names the family without the suffix of its samples.
  const familyName = isOpen
    ? name.replace(type === "counter" ? /_total$/ : type === "info" ? /_info$/ : /$^/, "")
    : name;
  const familyType = isOpen ? type : { info: "gauge", unknown: "untyped" }[type as string] ?? type;
  return `# HELP ${familyName} ${escapeHelp(help, isOpen)}\n# TYPE ${familyName} ${familyType}\n${
    lines.join("")
  }`;
}

/** Renders a histogram. Buckets of Prometheus are cumulative: each counts all values up to its bound. */
function renderHistogram(
  name: string,
  labels: Labels | undefined,
  { bounds, counts, sum }: BucketCounts,
): string {
  let count = 0;
  const buckets = counts.map((each, at) => {
    count += each;
    return line(
      `${name}_bucket`,
      { ...labels, le: at < bounds.length ? decimal(bounds[at]!) : "+Inf" },
      count,
    );
  });
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count)].join("");
}

function line(name: string, labels: Labels | undefined, value: number | bigint): string {
  const pairs = Object.entries(labels ?? {}).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join()}}` : ""} ${
    typeof value === "bigint" ? value : number(value)
  }\n`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/** Formats the bound 1 as `1.0`: OpenMetrics requires that, and the text format accepts it. */
const decimal = (bound: number): string => Number.isInteger(bound) ? bound.toFixed(1) : String(bound);

const escapeLabel = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** Only OpenMetrics escapes quotes in a help. */
const escapeHelp = (text: string, isOpen: boolean): string => {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return isOpen ? escaped.replaceAll('"', '\\"') : escaped;
};
