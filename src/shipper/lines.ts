/** A record of an aggregator, as one line of its file says it; whole numbers in all their digits. */
export interface LineRecord {
  /** Where its line begins. */
  readonly offset: number;
  /** The end of its window, in seconds of Unix time. */
  readonly endSeconds: number;
  readonly windowSeconds: number;
  readonly sum: string;
  readonly max: string;
  readonly min: string;
  readonly partial: boolean;
  readonly recovered: boolean;
  /** How many messages there were, where the aggregator says so. */
  readonly messages: string | undefined;
}

/** A line that is no record. */
export interface RejectedLine {
  readonly offset: number;
  readonly reason: "syntax" | "out_of_range" | "too_long";
  /** Its beginning, printable: a byte is a character. */
  readonly text: string;
}

export interface Lines {
  readonly records: LineRecord[];
  readonly rejected: RejectedLine[];
  /** How many bytes they are: all whole lines, and of one that is too long what there is. */
  readonly bytes: number;
}

/** A record has some 200 bytes at most; a longer line than this is passed over without being kept in memory. */
export const LINE_BYTES_MAX = 65_536;
/** How much of a rejected line is kept. */
export const REJECTED_CHARS_MAX = 1000;
/** A later end, in the year 2100, is a clock gone wrong: it would make a partition that nobody ever looks at. */
const END_SECONDS_MAX = 4_102_444_800;
/** A day: as long as a window may be. */
const WINDOW_SECONDS_MAX = 86_400;

/*
 *     {"timestamp":123456710, "count_type":"10s", "A1_sum": 6, "A2_max":30, "A3_min": 100, "partial":true}\n
 *
 * The spaces may be missing; further keys may come at the end, and those that are not known mean nothing here.
 */
const RECORD =
  /\{"timestamp": ?(\d{1,12}), ?"count_type": ?"([1-9]\d{0,5})s", ?"A1_sum": ?(-?\d{1,40}), ?"A2_max": ?(-?\d{1,40}), ?"A3_min": ?(-?\d{1,40})((?:, ?"\w{1,40}": ?(?:true|false|null|-?\d{1,40}|"[^"\\\n]{0,200}")){0,16})\}\r?\n/y;

const decoder = new TextDecoder("latin1");

/**
 * The whole lines at the beginning of `bytes`, which lie in their file from `offset` on.
 *
 * @param isWithin they begin in the middle of a line that is too long
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
    // deno-lint-ignore no-control-regex -- a database takes no NUL, and a terminal obeys the others
    /[\x00-\x1f\x7f-\x9f]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Whether a window had no message, as far as the record tells: zeros may also have been sent. */
export function isEmpty({ messages, sum, max, min }: LineRecord): boolean {
  if (messages !== undefined) return /^0+$/.test(messages);
  return [sum, max, min].every((value) => /^-?0+$/.test(value));
}

/** The end of the window of the common grid, multiples in Unix time, that a record belongs to. */
export function gridEndSeconds({ endSeconds, windowSeconds }: LineRecord): number {
  return Math.ceil(endSeconds / windowSeconds) * windowSeconds;
}

/** A whole window that does not end on the common grid. */
export function isUnaligned(record: LineRecord): boolean {
  return !record.partial && gridEndSeconds(record) !== record.endSeconds;
}
