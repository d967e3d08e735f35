import type { ClosedWindow } from "../aggregate/windows.ts";

/**
 * One line of the output file, newline included, spaced as in the service's specification:
 *
 *     {"timestamp":123456710, "count_type":"10s", "A1_sum": 6, "A2_max":30, "A3_min": 100}
 *
 * Numbers are written in full digits whatever their size; a window cut short by a stop has one more key at the end.
 */
export function recordLine(window: Omit<ClosedWindow, "messages">): string {
  const { timestampSeconds, lengthSeconds, sum, max, min } = window;
  const partial = window.partial ? `, "partial":true` : "";
  return `{"timestamp":${timestampSeconds}, "count_type":"${lengthSeconds}s", ` +
    `"A1_sum": ${sum}, "A2_max":${max}, "A3_min": ${min}${partial}}\n`;
}

/** As {@linkcode recordLine}, with the number of messages: zeros may be what was sent, or an empty window. */
export function detailedLine(window: ClosedWindow): string {
  return withKey(recordLine(window), `"messages":${window.messages}`);
}

/** The line of a record that a checkpoint kept when its process was killed. */
export function recoveredLine(line: string): string {
  return withKey(line, RECOVERED);
}

/** The same line as it was before {@linkcode recoveredLine}; its newline may be missing. */
export function asBefore(line: string): string {
  return line.replace(`, ${RECOVERED}}`, "}");
}

const RECOVERED = '"recovered":true';

const withKey = (line: string, key: string): string => line.replace(/\}\n$/, `, ${key}}\n`);

/** The latest timestamp, in seconds, of the whole records in a piece of the file; undefined where there is none. */
export function lastTimestampSeconds(text: string): number | undefined {
  const timestamps = [...text.matchAll(/^\{"timestamp":(\d{1,11}), .*\}$/gm)].map((match) =>
    Number(match[1])
  );
  return timestamps.length > 0 ? timestamps.reduce((a, b) => Math.max(a, b)) : undefined;
}
