import { gridEndSeconds, isEmpty, type LineRecord } from "./lines.ts";

const DAY_SECONDS = 86_400;
/** Older windows rarely get more rows, so they are summed in spans of an hour instead of a minute. */
const RECENT_SECONDS = 7200;

/** The columns of {@linkcode copyText}. */
export const COPY_COLUMNS =
  "instance, count_type, window_end, grid_end, window_seconds, a1_sum, a2_max, a3_min, " +
  "partial, empty, messages, recovered, file_identity, file_offset";

const encoder = new TextEncoder();

/** Encodes records in the text format of `copy … from stdin`. */
export function copyText(instance: string, identity: string, records: readonly LineRecord[]): Uint8Array {
  const name = instance.replaceAll("\\", "\\\\");
  const lines: string[] = [];
  for (const record of records) {
    const { endSeconds, windowSeconds, sum, max, min, partial, messages, recovered, offset } = record;
    lines.push(
      `${name}\t${windowSeconds}s\t${time(endSeconds)}\t${
        time(gridEndSeconds(record))
      }\t${windowSeconds}\t${sum}\t` +
        `${max}\t${min}\t${partial ? "t" : "f"}\t${isEmpty(record) ? "t" : "f"}\t${messages ?? "\\N"}\t` +
        `${recovered ? "t" : "f"}\t${identity}\t${offset}\n`,
    );
  }
  return encoder.encode(lines.join(""));
}

/**
 * Element types of the array parameters of `sluice.add_records`, in the order of {@linkcode columnArrays}.
 */
export const ARRAY_TYPES = [
  "bigint",
  "int",
  "bigint",
  "bigint",
  "numeric",
  "numeric",
  "numeric",
  "boolean",
  "boolean",
  "numeric",
  "boolean",
] as const;

/** Encodes records as PostgreSQL arrays, one per column, in the order of {@linkcode ARRAY_TYPES}. */
export function columnArrays(records: readonly LineRecord[]): string[] {
  const columns: ((record: LineRecord) => unknown)[] = [
    ({ offset }) => offset,
    ({ windowSeconds }) => windowSeconds,
    ({ endSeconds }) => endSeconds,
    gridEndSeconds,
    ({ sum }) => sum,
    ({ max }) => max,
    ({ min }) => min,
    ({ partial }) => partial,
    isEmpty,
    ({ messages }) => messages ?? "null",
    ({ recovered }) => recovered,
  ];
  return columns.map((valueOf) => `{${records.map(valueOf).join(",")}}`);
}

/** A window length and the ends of its first and last window, in seconds of Unix time. */
export type Seen = readonly [windowSeconds: number, firstEnd: number, lastEnd: number];

/** Returns the first and last window of each length in these records. */
export function seenIn(records: readonly LineRecord[]): Seen[] {
  const seen = new Map<number, [number, number]>();
  for (const record of records) {
    const end = gridEndSeconds(record);
    const range = seen.get(record.windowSeconds);
    if (!range) seen.set(record.windowSeconds, [end, end]);
    else {
      if (end < range[0]) range[0] = end;
      if (end > range[1]) range[1] = end;
    }
  }
  return [...seen].map(([windowSeconds, [first, last]]): Seen => [windowSeconds, first, last]);
}

/** Returns the time spans that hold the windows of these records, each once; `high` is not part of a span. */
export function spansOf(records: readonly LineRecord[], nowSeconds: number): [low: number, high: number][] {
  const spans = new Map<number, number>();
  for (const record of records) {
    const end = gridEndSeconds(record);
    const length = end > nowSeconds - RECENT_SECONDS ? 60 : 3600;
    const low = end - end % length;
    if ((spans.get(low) ?? 0) < length) spans.set(low, length);
  }
  return [...spans].map(([low, length]) => [low, low + length]);
}

/** Returns the days since 1970 that these records belong to. */
export function daysOf(records: readonly LineRecord[]): Set<number> {
  return new Set(records.map((record) => Math.floor(gridEndSeconds(record) / DAY_SECONDS)));
}

/** Formats a day since 1970 as `2026-11-25`. */
export function dateOf(day: number): string {
  return new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));
let [cachedDay, cachedDate] = [-1, ""];

function time(seconds: number): string {
  const day = Math.floor(seconds / DAY_SECONDS);
  if (day !== cachedDay) [cachedDay, cachedDate] = [day, dateOf(day)];
  const inDay = seconds % DAY_SECONDS;
  const [hours, minutes] = [Math.floor(inDay / 3600), Math.floor(inDay / 60) % 60];
  return `${cachedDate} ${TWO_DIGITS[hours]}:${TWO_DIGITS[minutes]}:${TWO_DIGITS[inDay % 60]}+00`;
}

/** Quotes a text for SQL, for any setting of the server's `standard_conforming_strings`. */
export function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
