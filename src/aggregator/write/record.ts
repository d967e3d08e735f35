import type { ClosedWindow } from "../aggregate/windows.ts";

/**
 * Returns one line of the output file, newline included, with exactly these spaces:
 *
 *     {"timestamp":123456710, "count_type":"10s", "A1_sum": 6, "A2_max":30, "A3_min": 100}
 *
 * Numbers are written with all their digits, whatever their size. A partial window also has `"partial":true`.
 */
export function recordLine(window: Omit<ClosedWindow, "messages">): string {
  const { timestampSeconds, lengthSeconds, sum, max, min } = window;
  const partial = window.partial ? `, "partial":true` : "";
  return `{"timestamp":${timestampSeconds}, "count_type":"${lengthSeconds}s", ` +
    `"A1_sum": ${sum}, "A2_max":${max}, "A3_min": ${min}${partial}}\n`;
}

/** Like {@linkcode recordLine}, with the number of messages, which tells an empty window from zeros. */
export function detailedLine(window: ClosedWindow): string {
  return withKey(recordLine(window), `"messages":${window.messages}`);
}

/** Marks a line as recovered from the checkpoint of a killed process. */
export function recoveredLine(line: string): string {
  return withKey(line, RECOVERED);
}

/** Returns the line without the mark of {@linkcode recoveredLine}. The newline may be missing. */
export function asBefore(line: string): string {
  return line.replace(`, ${RECOVERED}}`, "}");
}

const RECOVERED = '"recovered":true';

const withKey = (line: string, key: string): string => line.replace(/\}\n$/, `, ${key}}\n`);

/** Returns the latest timestamp, in seconds, of the whole records in a part of the file; undefined: none. */
export function lastTimestampSeconds(text: string): number | undefined {
  const timestamps = [...text.matchAll(/^\{"timestamp":(\d{1,11}), .*\}$/gm)].map((match) =>
    Number(match[1])
  );
  return timestamps.length > 0 ? timestamps.reduce((a, b) => Math.max(a, b)) : undefined;
}
