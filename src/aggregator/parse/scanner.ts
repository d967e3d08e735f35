import { INTEGER, NOT_INTEGER, OUT_OF_RANGE, readInteger } from "./integer.ts";
import { fieldAt, MISSING, readObject } from "./json.ts";
import { memberKinds, memberLimbs, OTHER_MEMBERS, readMembers } from "./members.ts";
import { Accumulator, LIMB, REASONS, SMALL_LIMIT } from "../aggregate/partial.ts";
import { isOtherNumber, OTHER_FORM, scanLines, scanWords, WORD_SLACK_BYTES } from "./fast_path.ts";

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

/** Memory for datagrams, as bytes and as words of them. */
export class Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Reaches further than the bytes: a word that begins in them may be read. */
  readonly view: DataView<ArrayBuffer>;

  /** @param size in bytes */
  constructor(size: number) {
    this.view = new DataView(new ArrayBuffer(size + WORD_SLACK_BYTES));
    this.bytes = new Uint8Array(this.view.buffer, 0, size);
  }

  /** Memory that holds these bytes. */
  static of(bytes: Uint8Array): Batch {
    const batch = new Batch(bytes.length);
    batch.bytes.set(bytes);
    return batch;
  }
}

/**
 * Counts the datagram in `bytes[start, end)` of a batch and adds up its messages: the objects of each line, one behind
 * the other or in arrays. What follows the last of them on a line and is neither is one `syntax`.
 *
 * A line ends at `\n`; the last one need not. A line of no bytes, or of the `\r` of `\r\n`, is `empty`; one of other
 * white space is no JSON, so `syntax`. A datagram whose first line breaks off, but which is one object or one array
 * from end to end, is read as that. Of a datagram that was `truncated` (longer than its buffer) the complete lines
 * count as ever, and the cut one is rejected.
 */
export function scanDatagram(
  batch: Batch,
  start: number,
  end: number,
  truncated: boolean,
  into: Accumulator,
): void {
  into.receive();
  // What is rare is done elsewhere: V8 inlines this, and scanLines with it, into the loop that calls it. It does so with
  // scanOthers, too, as long as that has no more than 460 bytes of bytecode: else a message takes 16 ns more.
  const at = start < end && !truncated ? scanLines(batch.view, start, end, into) : start;
  if (at < end || at === start) scanOthers(batch, start, at, end, truncated, into);
}

/** Scans what is left of a datagram from `at` on, where a line begins. */
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
    end = behindLastLineFeed(bytes, start, end);
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
    else if (isReturn(bytes, at, first, end)) {
      empty++;
      at = first + 1;
    } else at = ~first;
    if (at < 0) {
      if (mayBeWhole && byte !== Byte.LineFeed) {
        mayBeWhole = false; // Tried once: no datagram is read more than line by line and as a whole.
        if (isWhole(batch, start, first, ~at, end, into)) return;
      }
      broken++;
      at = nextLine(bytes, ~at, end);
      if (isOpening(byte)) {
        const next = behindOpenings(bytes, at, end);
        broken += (next - at) / 2;
        at = next;
      }
    }
  } while (at < end);
  if (empty > 0) into.reject(EMPTY, empty);
  if (broken > 0) into.reject(SYNTAX, broken);
}

function behindLastLineFeed(bytes: Uint8Array, start: number, end: number): number {
  while (end > start && bytes[end - 1] !== Byte.LineFeed) end--;
  return end;
}

/** Whether a line that begins at `at`, and whose white space ends at `first`, is the `\r` of `\r\n`. */
function isReturn(bytes: Uint8Array, at: number, first: number, end: number): boolean {
  return first - at === 1 && bytes[at] === Byte.Return && isLineFeed(bytes, first, end);
}

/** Skips the white space of a line. A twin of the one in json.ts: an imported function made a message 5 ns dearer. */
function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && (bytes[at] === Byte.Space || bytes[at] === Byte.Tab || bytes[at] === Byte.Return)) at++;
  return at;
}

function nextLine(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== Byte.LineFeed) at++;
  return at + 1;
}

/** Whether it is an opening brace or bracket: they differ in one bit. */
function isOpening(byte: number): boolean {
  return (byte | 0x20) === Byte.OpenBrace;
}

/** Skips lines that are an opening brace or bracket and nothing else: one by one they take 20 times as long. */
function behindOpenings(bytes: Uint8Array, at: number, end: number): number {
  while (end - at > 1 && bytes[at + 1] === Byte.LineFeed && isOpening(bytes[at]!)) at += 2;
  return at;
}

function isLineFeed(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && bytes[at] === Byte.LineFeed;
}

/** Skips white space, that between lines too. */
function skipBlank(bytes: Uint8Array, at: number, end: number): number {
  while (isLineFeed(bytes, at = skipSpace(bytes, at, end), end)) at++;
  return at;
}

/**
 * Adds up a datagram that is one object or one array from end to end, over several lines; of another it adds nothing
 * and returns false.
 *
 * @param at where its first line that is not blank begins, and `brokenAt` where that line is no JSON
 */
function isWhole(
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

/** What the array that is being read comes to so far. */
const pending = new Accumulator();

/**
 * Adds up an array of messages, all of them or none.
 *
 * @param whole it may go on behind a line feed, and must end at `end`
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
  return at < 0 ? at : behindMessage(bytes, at, end);
}

/** Reads a message in an array, up to the comma or the bracket behind it; returns the place, or as {@linkcode scanObject}. */
function scanElement(batch: Batch, at: number, end: number, whole: boolean): number {
  const { bytes, view } = batch;
  const next = scanWords(view, at, end, pending);
  if (next === OTHER_FORM || (next < 0 && whole)) {
    return readAny(batch, at, end, whole, pending);
  }
  if (next > end) return end;
  if (next < 0 || bytes[next - 1] !== Byte.LineFeed) return next;
  return whole ? skipBlank(bytes, next, end) : ~(next - 1);
}

/** Reads what begins with a brace; returns as {@linkcode scanWords} does, but is never at a loss. */
function scanObject(batch: Batch, at: number, end: number, into: Accumulator): number {
  at = readAny(batch, at, end, false, into);
  return at < 0 ? at : behindMessage(batch.bytes, at, end);
}

/** Adds up an object that {@linkcode scanWords} does not, as {@linkcode readObject} reads it; returns what that does. */
function readAny(batch: Batch, at: number, end: number, overLines: boolean, into: Accumulator): number {
  const { bytes, view } = batch;
  const behind = isOtherNumber ? readMembers(bytes, view, at, end) : OTHER_MEMBERS;
  if (behind !== OTHER_MEMBERS) {
    addMembers(into);
    return overLines ? skipBlank(bytes, behind, end) : skipSpace(bytes, behind, end);
  }
  at = readObject(bytes, at, end, overLines);
  if (at >= 0) addFields(bytes, at, into);
  return at;
}

/** Where the next line begins, if a message and white space fill this one up to `at`; else `at`. */
function behindMessage(bytes: Uint8Array, at: number, end: number): number {
  return at === end || bytes[at] === Byte.LineFeed ? at + 1 : at;
}

/** Adds up or rejects the object that {@linkcode readObject} has just read. */
function addFields(bytes: Uint8Array, end: number, into: Accumulator): void {
  if (fieldAt[0] === MISSING || fieldAt[1] === MISSING || fieldAt[2] === MISSING) {
    return into.reject(MISSING_FIELD);
  }
  for (let field = 0; field < 3; field++) {
    memberKinds[field] = readInteger(bytes, fieldAt[field]!, end, memberLimbs, 2 * field);
  }
  addMembers(into);
}

/** Adds up or rejects a message by what its members are. */
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
