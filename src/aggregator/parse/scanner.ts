import { INTEGER, NOT_INTEGER, OUT_OF_RANGE, readInteger } from "./integer.ts";
import { fieldAt, MISSING, readObject } from "./json.ts";
import { memberKinds, memberLimbs, OTHER_MEMBERS, readMembers } from "./members.ts";
import { Accumulator, LIMB, REASONS, SMALL_LIMIT } from "../aggregate/partial.ts";
import { isOtherNumber, OTHER_FORM, scanLines, scanWords, WORD_SLACK_BYTES } from "./fast_path.ts";

/*
 * Four readers, from the fastest to the most general. Each one leaves what it can't read to the next:
 *
 *   scanLines     {"A1":512, "A2":-30000, "A3":40000}     this order, at most 9 digits, usual spaces
 *   scanWords     { "A3":40000.0,"A1" :512,"A2":-3e0 }    any order, more white space, `.0` and `e0`
 *   readMembers   {"A1":5e3,"A2":1.5,"A3":1234567890123}  no other key and no key twice, any number
 *   readObject    {"host":"edge-7","A1":5,"A2":"x"}       any JSON object
 */

const EMPTY = REASONS.indexOf("empty");
const TRUNCATED = REASONS.indexOf("truncated");
const SYNTAX = REASONS.indexOf("syntax");
const MISSING_FIELD = REASONS.indexOf("missing_field");

const enum Byte {
  Tab = 0x09,
  LineFeed = 0x0a,
  Return = 0x0d,
  Space = 0x20,
  Comma = 0x2c,
  OpenBracket = 0x5b,
  CloseBracket = 0x5d,
  OpenBrace = 0x7b,
}

/** A buffer for datagrams, which can be read by bytes and by words of four bytes. */
export class Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Longer than `bytes` by WORD_SLACK_BYTES: a word may be read that begins near the end of `bytes`. */
  readonly view: DataView<ArrayBuffer>;

  /** @param size in bytes */
  constructor(size: number) {
    this.view = new DataView(new ArrayBuffer(size + WORD_SLACK_BYTES));
    this.bytes = new Uint8Array(this.view.buffer, 0, size);
  }

  /** Returns a new batch with a copy of these bytes. */
  static of(bytes: Uint8Array): Batch {
    const batch = new Batch(bytes.length);
    batch.bytes.set(bytes);
    return batch;
  }
}

/**
 * Counts the datagram in `bytes[start, end)` of a batch, and adds up its messages. A line holds objects, one
 * after another or in arrays of objects. Each object is a message:
 *
 *     {"A1":512, "A2":-30000, "A3":40000}\n[{"A1":5, "A2":6, "A3":7}, {"A1":8, "A2":9, "A3":0}] x\n
 *     ^ `start`, a message                 ^ an array of two messages                           ^ `syntax`
 *
 * - A line ends at `\n`. The last line may end without it.
 * - A line without bytes, or with only the `\r` of `\r\n`, is rejected as `empty`.
 * - Anything else is rejected once, with the rest of its line, as `syntax`: also a line of other white space.
 * - If the first line that is not blank breaks off, the datagram may be one object or one array over several
 *   lines. Then it is read as a whole. If that fails, it is read line by line.
 * - If the datagram is `truncated` (it was longer than its buffer), its complete lines count as usual, and
 *   the line that was cut is rejected as `truncated`.
 */
export function scanDatagram(
  batch: Batch,
  start: number,
  end: number,
  truncated: boolean,
  into: Accumulator,
): void {
  into.receive();
  // V8 inlines this function, scanLines and scanOthers into the caller's loop. It inlines no function of more
  // than 460 bytes of bytecode, and scanOthers has 459. So rare cases have functions of their own. Measured:
  // if scanOthers grows past 460, a message takes 16 ns more (`deno task bench --only scanner`).
  const at = start < end && !truncated ? scanLines(batch.view, start, end, into) : start;
  if (at < end || at === start) scanOthers(batch, start, at, end, truncated, into);
}

/** Scans a datagram from `at`, where a line begins. Must not grow: see {@linkcode scanDatagram}. */
function scanOthers(
  batch: Batch,
  start: number,
  at: number,
  end: number,
  truncated: boolean,
  into: Accumulator,
): void {
  const { bytes, view } = batch;
  if (truncated) {
    into.reject(TRUNCATED);
    end = afterLastLineFeed(bytes, start, end);
    if (end === start) return;
  }
  let empty = 0;
  let broken = 0;
  let mayBeWhole = !truncated;
  do {
    if (at === end || bytes[at] === Byte.LineFeed) {
      empty++;
      at++;
      continue;
    }
    const first = skipSpace(bytes, at, end);
    const byte = first < end ? bytes[first]! : Byte.LineFeed;
    if (byte === Byte.OpenBrace) {
      at = scanWords(view, first, end, into);
      if (at === OTHER_FORM) at = scanObject(batch, first, end, into);
    } else if (byte === Byte.OpenBracket) at = scanArray(batch, first, end, false, into);
    else if (isReturnOnly(bytes, at, first, end)) {
      empty++;
      at = first + 1;
    } else at = ~first;
    if (at < 0) {
      if (mayBeWhole && byte !== Byte.LineFeed) {
        mayBeWhole = false; // One attempt only: by lines and as a whole, a datagram is read twice at most.
        if (scanWhole(batch, start, first, ~at, end, into)) return;
      }
      broken++;
      at = nextLine(bytes, ~at, end);
      if (isOpening(byte)) {
        const next = skipOpeningLines(bytes, at, end);
        broken += (next - at) / 2;
        at = next;
      }
    }
  } while (at < end);
  if (empty > 0) into.reject(EMPTY, empty);
  if (broken > 0) into.reject(SYNTAX, broken);
}

function afterLastLineFeed(bytes: Uint8Array, start: number, end: number): number {
  while (end > start && bytes[end - 1] !== Byte.LineFeed) end--;
  return end;
}

/** Whether the line that begins at `at` is only the `\r` of `\r\n`. Its white space ends at `first`. */
function isReturnOnly(bytes: Uint8Array, at: number, first: number, end: number): boolean {
  return first - at === 1 && bytes[at] === Byte.Return && isLineFeed(bytes, first, end);
}

/**
 * Skips white space within a line. The other parsers have a copy of their own. Measured: with an imported
 * function, a message takes 5 ns more (`deno task bench --only scanner`).
 */
function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && (bytes[at] === Byte.Space || bytes[at] === Byte.Tab || bytes[at] === Byte.Return)) at++;
  return at;
}

function nextLine(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== Byte.LineFeed) at++;
  return at + 1;
}

/** Whether a byte is `{` or `[`, which differ in one bit. */
function isOpening(byte: number): boolean {
  return (byte | 0x20) === Byte.OpenBrace;
}

/**
 * Skips lines that hold only `{` or `[`, such as `{\n[\n{\n`. Measured: scanned one at a time by scanOthers,
 * these lines take 20 times as long (`deno task bench --only scanner`, "brace lines").
 */
function skipOpeningLines(bytes: Uint8Array, at: number, end: number): number {
  while (end - at > 1 && bytes[at + 1] === Byte.LineFeed && isOpening(bytes[at]!)) at += 2;
  return at;
}

function isLineFeed(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && bytes[at] === Byte.LineFeed;
}

/** Skips white space, including line feeds. */
function skipBlank(bytes: Uint8Array, at: number, end: number): number {
  while (isLineFeed(bytes, at = skipSpace(bytes, at, end), end)) at++;
  return at;
}

/**
 * Adds up a datagram that is one object or one array over several lines. Returns false, and adds nothing, if
 * the datagram is anything else.
 *
 *     {"A1":512,\n "A2":-30000,\n "A3":40000}\n
 *     ^ `at`    ^ `brokenAt`: the place where the line is no longer JSON, here its end
 *
 * @param at the first byte of that line that is not white space
 */
function scanWhole(
  batch: Batch,
  start: number,
  at: number,
  brokenAt: number,
  end: number,
  into: Accumulator,
): boolean {
  const { bytes } = batch;
  if (!isLineFeed(bytes, brokenAt, end) || skipBlank(bytes, start, end) !== at) return false;
  if (bytes[at] === Byte.OpenBracket) return scanArray(batch, at, end, true, into) >= 0;
  if (readObject(bytes, at, end, true) !== end) return false;
  addFields(bytes, end, into);
  return true;
}

/** Totals of the array that is being read. They count only if the whole array is valid. */
const pending = new Accumulator();

/**
 * Adds up an array of messages: all of them, or none if the array is not valid.
 *
 * @param whole whether the array may span lines. If so, only white space may follow it up to `end`
 * @returns as {@linkcode scanObject} does
 */
function scanArray(batch: Batch, at: number, end: number, whole: boolean, into: Accumulator): number {
  const { bytes } = batch;
  let isPending = false;
  do {
    at = whole ? skipBlank(bytes, at + 1, end) : skipSpace(bytes, at + 1, end);
    const isObject = at < end && bytes[at] === Byte.OpenBrace;
    isPending ||= isObject;
    at = isObject ? scanElement(batch, at, end, whole) : ~at;
  } while (at >= 0 && at < end && bytes[at] === Byte.Comma);
  if (at >= 0) {
    if (at === end || bytes[at] !== Byte.CloseBracket) at = ~at;
    else at = whole ? skipBlank(bytes, at + 1, end) : skipSpace(bytes, at + 1, end);
    if (whole && at >= 0 && at < end) at = ~at;
  }
  if (at >= 0) into.addAll(pending);
  if (isPending) pending.clear();
  return at < 0 ? at : afterMessage(bytes, at, end);
}

/**
 * Adds up a message in an array to `pending`, and skips the white space after it:
 *
 *     [{"A1":5, "A2":6, "A3":7} , {"A1":8, "A2":9, "A3":0}]
 *      ^ `at`                   ^ returned: the place where `,` or `]` should be
 *
 * @returns that place, or `~place` (negative) of the byte where the line is no longer JSON
 */
function scanElement(batch: Batch, at: number, end: number, whole: boolean): number {
  const { bytes, view } = batch;
  const next = scanWords(view, at, end, pending);
  if (next === OTHER_FORM || (next < 0 && whole)) {
    return addAnyObject(batch, at, end, whole, pending);
  }
  if (next > end) return end;
  if (next < 0 || bytes[next - 1] !== Byte.LineFeed) return next;
  return whole ? skipBlank(bytes, next, end) : ~(next - 1);
}

/** Adds up or rejects an object of any form. Returns as {@linkcode scanWords} does, but never OTHER_FORM. */
function scanObject(batch: Batch, at: number, end: number, into: Accumulator): number {
  at = addAnyObject(batch, at, end, false, into);
  return at < 0 ? at : afterMessage(batch.bytes, at, end);
}

/** The slow path: adds up or rejects what scanWords leaves. Returns as {@linkcode readObject} does. */
function addAnyObject(batch: Batch, at: number, end: number, overLines: boolean, into: Accumulator): number {
  const { bytes, view } = batch;
  const after = isOtherNumber ? readMembers(bytes, view, at, end) : OTHER_MEMBERS;
  if (after !== OTHER_MEMBERS) {
    addMembers(into);
    return overLines ? skipBlank(bytes, after, end) : skipSpace(bytes, after, end);
  }
  at = readObject(bytes, at, end, overLines);
  if (at >= 0) addFields(bytes, at, into);
  return at;
}

/** Returns the start of the next line if this line ends at `at`; else returns `at`. */
function afterMessage(bytes: Uint8Array, at: number, end: number): number {
  return at === end || bytes[at] === Byte.LineFeed ? at + 1 : at;
}

/** Adds up or rejects the object that {@linkcode readObject} has just read. It ends at or before `end`. */
function addFields(bytes: Uint8Array, end: number, into: Accumulator): void {
  if (fieldAt[0] === MISSING || fieldAt[1] === MISSING || fieldAt[2] === MISSING) {
    return into.reject(MISSING_FIELD);
  }
  for (let field = 0; field < 3; field++) {
    memberKinds[field] = readInteger(bytes, fieldAt[field]!, end, memberLimbs, 2 * field);
  }
  addMembers(into);
}

/** Adds up or rejects the message whose values are in {@linkcode memberLimbs} and {@linkcode memberKinds}. */
function addMembers(into: Accumulator): void {
  const [limbs, kinds] = [memberLimbs, memberKinds];
  const [a1, a2, a3] = [kinds[0], kinds[1], kinds[2]];
  if (a1 === NOT_INTEGER || a2 === NOT_INTEGER || a3 === NOT_INTEGER) return into.reject(NOT_INTEGER);
  if (a1 !== INTEGER || a2 !== INTEGER || a3 !== INTEGER) return into.reject(OUT_OF_RANGE);
  const high = Math.max(Math.abs(limbs[0]!), Math.abs(limbs[2]!), Math.abs(limbs[4]!));
  if (high < SMALL_LIMIT / LIMB) {
    into.addSmall(limbs[0]! * LIMB + limbs[1]!, limbs[2]! * LIMB + limbs[3]!, limbs[4]! * LIMB + limbs[5]!);
  } else into.addWide(limbs);
}
