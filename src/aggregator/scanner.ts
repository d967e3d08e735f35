import { INTEGER, NOT_INTEGER, OUT_OF_RANGE, readInteger } from "./integer.ts";
import { fieldAt, MISSING, readObject } from "./json.ts";
import { type Accumulator, LIMB, REASONS, SMALL_LIMIT } from "./partial.ts";

const EMPTY = REASONS.indexOf("empty");
const TRUNCATED = REASONS.indexOf("truncated");
const SYNTAX = REASONS.indexOf("syntax");
const MISSING_FIELD = REASONS.indexOf("missing_field");

const enum Byte {
  Tab = 0x09,
  LineFeed = 0x0a,
  Return = 0x0d,
  Space = 0x20,
  Quote = 0x22,
  Comma = 0x2c,
  Minus = 0x2d,
  Zero = 0x30,
  Colon = 0x3a,
  A = 0x41,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
}

const enum Plain {
  /** What {@linkcode scanPlain} returns for a message that is not plain. */
  Not = 0,
  DigitsMax = 15,
  /** The shortest end of a message: `"A1":0}`. */
  TailBytesMin = 7,
  /** One bit a field. */
  AllFields = 0b1110,
}

/**
 * Counts the datagram in `bytes[start, end)` and adds up its messages, one a line.
 *
 * A line ends at `\n`; the last one need not. A line of no bytes, or of the `\r` of `\r\n`, is `empty`; one of other
 * white space is no JSON, so `syntax`. Of a datagram that was `truncated` (longer than its buffer) the complete lines
 * count as ever, and the cut one is rejected.
 */
export function scanDatagram(
  bytes: Uint8Array,
  start: number,
  end: number,
  truncated: boolean,
  into: Accumulator,
): void {
  into.receive();
  if (truncated) {
    into.reject(TRUNCATED);
    while (end > start && bytes[end - 1] !== Byte.LineFeed) end--;
    if (end === start) return;
  }
  let empty = 0;
  let broken = 0;
  let at = start;
  do {
    if (at === end || bytes[at] === Byte.LineFeed) {
      empty++;
      at++;
      continue;
    }
    const first = skipSpace(bytes, at, end);
    if (first < end && bytes[first] === Byte.OpenBrace) {
      at = scanPlain(bytes, first, end, into);
      if (at === Plain.Not) at = scanObject(bytes, first, end, into);
      if (at < 0) {
        broken++;
        at = nextLine(bytes, ~at, end);
      }
    } else {
      const returnOnly = first - at === 1 && first < end && bytes[first] === Byte.LineFeed &&
        bytes[at] === Byte.Return;
      if (returnOnly) empty++;
      else broken++;
      at = nextLine(bytes, first, end);
    }
  } while (at < end);
  if (empty > 0) into.reject(EMPTY, empty);
  if (broken > 0) into.reject(SYNTAX, broken);
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

/**
 * Adds up a message of the everyday kind: A1, A2, A3 and nothing else, in any order, each of at most 15 digits.
 *
 *     {"A1":512, "A2":-30000, "A3":40000}\n
 *     ^ `at`                              ^ returned: where the next line begins, or Plain.Not and nothing is added
 */
function scanPlain(bytes: Uint8Array, at: number, end: number, into: Accumulator): number {
  let a1 = 0, a2 = 0, a3 = 0, seen = 0;
  let byte: number;
  do {
    at++;
    if (at < end && bytes[at]! <= Byte.Space) at = skipSpace(bytes, at, end);
    if (at === end) return ~at;
    byte = bytes[at]!;
    if (byte === Byte.CloseBrace && seen === 0) break;
    if (byte !== Byte.Quote) return ~at;
    if (end - at < Plain.TailBytesMin || bytes[at + 1] !== Byte.A || bytes[at + 3] !== Byte.Quote) {
      return Plain.Not;
    }
    const field = bytes[at + 2]! - Byte.Zero;
    at += 4;
    if (bytes[at] !== Byte.Colon) at = skipSpace(bytes, at, end);
    if (at === end || bytes[at] !== Byte.Colon) return Plain.Not;
    if (++at === end) return Plain.Not;

    byte = bytes[at]!;
    if (byte <= Byte.Space) byte = byteAt(bytes, at = skipSpace(bytes, at, end), end);
    const negative = byte === Byte.Minus;
    if (negative) byte = byteAt(bytes, ++at, end);
    let value = byte ^ Byte.Zero;
    if (value > 9) return Plain.Not;
    at++;
    if (value > 0) {
      const stop = end - at < Plain.DigitsMax ? end : at + Plain.DigitsMax;
      for (; at < stop; at++) {
        byte = bytes[at]!;
        const digit = byte ^ Byte.Zero;
        if (digit > 9) break;
        value = value * 10 + digit;
      }
      if (negative) value = -value;
    } else {
      if (at === end) return Plain.Not;
      byte = bytes[at]!;
    }

    // Where the digits go on, up to `end` or for longer than is plain, `byte` is one of them: no comma, no brace.
    if (field === 1) a1 = value;
    else if (field === 2) a2 = value;
    else if (field === 3) a3 = value;
    else return Plain.Not;
    seen |= 1 << field;
    if (byte <= Byte.Space) byte = byteAt(bytes, at = skipSpace(bytes, at, end), end);
  } while (byte === Byte.Comma);
  if (byte !== Byte.CloseBrace) return Plain.Not;
  at++;
  if (at < end && bytes[at] !== Byte.LineFeed) {
    at = skipSpace(bytes, at, end);
    if (at < end && bytes[at] !== Byte.LineFeed) return Plain.Not;
  }
  if (seen === Plain.AllFields) into.addSmall(a1, a2, a3);
  else into.reject(MISSING_FIELD);
  return at + 1;
}

/** The byte at a place, or past the end 0, which is no part of JSON. */
function byteAt(bytes: Uint8Array, at: number, end: number): number {
  return at < end ? bytes[at]! : 0;
}

const limbs = new Float64Array(6);

/** Reads a line that begins with a brace; returns as {@linkcode scanPlain} does, but is never at a loss. */
function scanObject(bytes: Uint8Array, at: number, end: number, into: Accumulator): number {
  const lineEnd = readObject(bytes, at, end);
  if (lineEnd < 0) return lineEnd;
  addFields(bytes, lineEnd, into);
  return lineEnd + 1;
}

/** Adds up or rejects the object that {@linkcode readObject} has just read. */
function addFields(bytes: Uint8Array, end: number, into: Accumulator): void {
  if (fieldAt[0] === MISSING || fieldAt[1] === MISSING || fieldAt[2] === MISSING) {
    return into.reject(MISSING_FIELD);
  }
  const a1 = readInteger(bytes, fieldAt[0]!, end, limbs, 0);
  const a2 = readInteger(bytes, fieldAt[1]!, end, limbs, 2);
  const a3 = readInteger(bytes, fieldAt[2]!, end, limbs, 4);
  if (a1 === NOT_INTEGER || a2 === NOT_INTEGER || a3 === NOT_INTEGER) return into.reject(NOT_INTEGER);
  if (a1 !== INTEGER || a2 !== INTEGER || a3 !== INTEGER) return into.reject(OUT_OF_RANGE);
  const high = Math.max(Math.abs(limbs[0]!), Math.abs(limbs[2]!), Math.abs(limbs[4]!));
  if (high < SMALL_LIMIT / LIMB) {
    into.addSmall(limbs[0]! * LIMB + limbs[1]!, limbs[2]! * LIMB + limbs[3]!, limbs[4]! * LIMB + limbs[5]!);
  } else into.addWide(limbs);
}
