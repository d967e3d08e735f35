/** A record of an aggregator's file. `sum`, `max` and `min` are decimal text, so that no digit is lost. */
export interface LineRecord {
  /** Offset of its line in the file, in bytes. */
  readonly offset: number;
  /** The end of its window, in seconds of Unix time. */
  readonly endSeconds: number;
  readonly windowSeconds: number;
  readonly sum: string;
  readonly max: string;
  readonly min: string;
  readonly partial: boolean;
  readonly recovered: boolean;
  /** Number of messages in the window; undefined unless the aggregator runs with `--extra messages`. */
  readonly messages: string | undefined;
}

/** A line that is not a record. */
export interface RejectedLine {
  readonly offset: number;
  readonly reason: "syntax" | "out_of_range" | "too_long";
  /** The beginning of the line, one character per byte; control characters are escaped. */
  readonly text: string;
}

export interface Lines {
  readonly records: LineRecord[];
  readonly rejected: RejectedLine[];
  /** Bytes consumed: all complete lines, and what there is of a line that is too long. */
  readonly bytes: number;
}

/**
 * Longest line that is parsed, in bytes; a record has about 200 at most. A longer line is rejected and
 * skipped piece by piece, so it need not fit in memory.
 */
export const LINE_BYTES_MAX = 65_536;
/** Characters of a rejected line to keep. */
export const REJECTED_CHARS_MAX = 1000;
/** Latest window end: 1 January 2100. A later one comes from a wrong clock, and would need a partition. */
const END_SECONDS_MAX = 4_102_444_800;
/** Longest window: a day. */
const WINDOW_SECONDS_MAX = 86_400;

/*
 *     {"timestamp":123456710, "count_type":"10s", "A1_sum": 6, "A2_max":30, "A3_min": 100, "partial":true}\n
 *
 * The spaces are optional. Further keys may follow the minimum; unknown keys are ignored.
 */
const RECORD =
  /\{"timestamp": ?(\d{1,12}), ?"count_type": ?"([1-9]\d{0,5})s", ?"A1_sum": ?(-?\d{1,40}), ?"A2_max": ?(-?\d{1,40}), ?"A3_min": ?(-?\d{1,40})((?:, ?"\w{1,40}": ?(?:true|false|null|-?\d{1,40}|"[^"\\\n]{0,200}")){0,16})\}\r?\n/y;

const decoder = new TextDecoder("latin1");

/**
 * Parses the complete lines at the beginning of `bytes`.
 *
 * @param offset where `bytes` begin in their file
 * @param isWithin `bytes` begin in the middle of a line that is too long; its rest is skipped
 */
export function readLines(bytes: Uint8Array, offset: number, isWithin = false): Lines {
  const text = decoder.decode(bytes);
  const records: LineRecord[] = [];
  const rejected: RejectedLine[] = [];
  let at = 0;
  if (isWithin) {
    at = text.indexOf("\n") + 1;
    if (at === 0) return { records, rejected, bytes: bytes.length };
  }
  while (at < text.length) {
    RECORD.lastIndex = at;
    const match = RECORD.exec(text);
    const record = match && recordOf(match, offset + at);
    if (record) {
      records.push(record);
      at = RECORD.lastIndex;
      continue;
    }
    const end = text.indexOf("\n", at);
    const isTooLong = (end < 0 ? text.length : end) - at >= LINE_BYTES_MAX;
    if (end < 0 && !isTooLong) break;
    const reason = isTooLong ? "too_long" : match ? "out_of_range" : "syntax";
    rejected.push({
      offset: offset + at,
      reason,
      text: printable(text.slice(at, end < 0 ? undefined : end)),
    });
    at = end < 0 ? text.length : end + 1;
  }
  return { records, rejected, bytes: at };
}

function recordOf(match: RegExpExecArray, offset: number): LineRecord | undefined {
  const [, timestamp, seconds, sum, max, min, more] = match;
  const [endSeconds, windowSeconds] = [Number(timestamp), Number(seconds)];
  if (endSeconds > END_SECONDS_MAX || windowSeconds > WINDOW_SECONDS_MAX) return undefined;
  const record = { offset, endSeconds, windowSeconds, sum: sum!, max: max!, min: min! };
  if (more === "") return { ...record, partial: false, recovered: false, messages: undefined };
  return {
    ...record,
    partial: /"partial": ?true/.test(more!),
    recovered: /"recovered": ?true/.test(more!),
    messages: /"messages": ?(\d+)/.exec(more!)?.[1],
  };
}

function printable(line: string): string {
  return line.slice(0, REJECTED_CHARS_MAX).replace(
    // deno-lint-ignore no-control-regex -- PostgreSQL refuses NUL, and a terminal would obey the others
    /[\x00-\x1f\x7f-\x9f]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Whether the window had no message. Without `messages` this is a guess: zeros may have been sent. */
export function isEmpty({ messages, sum, max, min }: LineRecord): boolean {
  if (messages !== undefined) return /^0+$/.test(messages);
  return [sum, max, min].every((value) => /^-?0+$/.test(value));
}

/**
 * Returns the window end on the common grid (multiples of the window length in Unix time) that a record
 * belongs to.
 */
export function gridEndSeconds({ endSeconds, windowSeconds }: LineRecord): number {
  return Math.ceil(endSeconds / windowSeconds) * windowSeconds;
}

/** Whether a complete window does not end on the common grid. */
export function isUnaligned(record: LineRecord): boolean {
  return !record.partial && gridEndSeconds(record) !== record.endSeconds;
}
