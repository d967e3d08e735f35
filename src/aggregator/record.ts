import type { ClosedWindow } from "./windows.ts";

/**
 * One line of the output file, newline included, spaced as in the service's specification:
 *
 *     {"timestamp":123456710, "count_type":"10s", "A1_sum": 6, "A2_max":30, "A3_min": 100}
 *
 * Numbers are written in full digits whatever their size; a window cut short by a stop has one more key at the end.
 */
export function recordLine(window: ClosedWindow): string {
  const { timestampSeconds, lengthSeconds, sum, max, min } = window;
  const partial = window.partial ? `, "partial":true` : "";
  return `{"timestamp":${timestampSeconds}, "count_type":"${lengthSeconds}s", ` +
    `"A1_sum": ${sum}, "A2_max":${max}, "A3_min": ${min}${partial}}\n`;
}

/** The latest timestamp, in seconds, of the whole records in a piece of the file; undefined where there is none. */
export function lastTimestampSeconds(text: string): number | undefined {
  const timestamps = [...text.matchAll(/^\{"timestamp":(\d{1,11}), .*\}$/gm)].map((match) =>
    Number(match[1])
  );
  return timestamps.length > 0 ? timestamps.reduce((a, b) => Math.max(a, b)) : undefined;
}
