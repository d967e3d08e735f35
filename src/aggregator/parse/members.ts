import { INTEGER, readInteger } from "./integer.ts";
import { readNumber } from "./json.ts";

/*
 * Messages of A1, A2 and A3 and nothing else, each once, but with numbers of any form: too many digits, a point, an exponent.
 * To read them as any JSON and then their values takes 1.5 to 2 times as long.
 */

const enum Byte {
  Tab = 0x09,
  Return = 0x0d,
  Space = 0x20,
  Quote = 0x22,
  Comma = 0x2c,
  Minus = 0x2d,
  Point = 0x2e,
  Zero = 0x30,
  Colon = 0x3a,
  A = 0x41,
  e = 0x65,
  CloseBrace = 0x7d,
  /** The bit that turns an ASCII letter into lower case. */
  LowerCase = 0x20,
}

/** One bit a field: 0, 1 and 2. */
const ALL_FIELDS = 0b111;
/** What {@linkcode readMembers} returns for an object that it does not read. */
export const OTHER_MEMBERS = -1;

/** Of A1, A2 and A3 the high and the low limb, and what {@linkcode readInteger} says of them. */
export const memberLimbs = new Float64Array(6);
export const memberKinds = new Int32Array(3);

/**
 * Reads an object that begins at `at` into {@linkcode memberLimbs} and {@linkcode memberKinds}.
 *
 * @returns the place behind it, or {@linkcode OTHER_MEMBERS}
 */
export function readMembers(bytes: Uint8Array, at: number, end: number): number {
  let seen = 0;
  do {
    at = skipSpace(bytes, at + 1, end);
    if (end - at < 6 || bytes[at] !== Byte.Quote || bytes[at + 1] !== Byte.A) return OTHER_MEMBERS;
    const field = bytes[at + 2]! - Byte.Zero - 1;
    // A key that comes again and again costs less where only the last of its values is evaluated.
    if (field < 0 || field > 2 || (seen & (1 << field)) !== 0 || bytes[at + 3] !== Byte.Quote) {
      return OTHER_MEMBERS;
    }
    at = skipSpace(bytes, at + 4, end);
    if (at === end || bytes[at] !== Byte.Colon) return OTHER_MEMBERS;
    at = readMember(bytes, skipSpace(bytes, at + 1, end), end, field);
    if (at < 0) return OTHER_MEMBERS;
    seen |= 1 << field;
    at = skipSpace(bytes, at, end);
  } while (at < end && bytes[at] === Byte.Comma);
  return at < end && bytes[at] === Byte.CloseBrace && seen === ALL_FIELDS ? at + 1 : OTHER_MEMBERS;
}

/** Of 0 to 9 digits, the power of ten. */
const POWERS = Int32Array.from({ length: 10 }, (_, digits) => 10 ** digits);

/** Reads a number, in one pass if it has at most 18 digits and at most zeros behind its point. */
function readMember(bytes: Uint8Array, start: number, end: number, field: number): number {
  const negative = start < end && bytes[start] === Byte.Minus;
  const firstAt = negative ? start + 1 : start;
  let at = firstAt;
  let first = 0;
  let second = 0;
  let digit: number;
  for (const stop = Math.min(at + 9, end); at < stop && (digit = bytes[at]! ^ Byte.Zero) <= 9; at++) {
    first = (first * 10 + digit) | 0;
  }
  const secondAt = at;
  if (at === firstAt + 9) {
    for (const stop = Math.min(at + 9, end); at < stop && (digit = bytes[at]! ^ Byte.Zero) <= 9; at++) {
      second = (second * 10 + digit) | 0;
    }
  }
  const digits = at - secondAt;
  if (at < end && bytes[at] === Byte.Point && end - at > 1 && bytes[at + 1] === Byte.Zero) {
    do at++; while (at < end && bytes[at] === Byte.Zero);
  }
  const isLeadingZero = secondAt - firstAt > 1 && bytes[firstAt] === Byte.Zero;
  if (at === firstAt || isLeadingZero || (at < end && goesOn(bytes[at]!))) {
    return readOther(bytes, start, end, field);
  }
  const power = POWERS[digits]!;
  const above = POWERS[9 - digits]!;
  const high = digits === 0 ? 0 : Math.floor(first / above);
  const low = digits === 0 ? first : (first - high * above) * power + second;
  memberLimbs[2 * field] = negative ? 0 - high : high;
  memberLimbs[2 * field + 1] = negative ? 0 - low : low;
  memberKinds[field] = INTEGER;
  return at;
}

function readOther(bytes: Uint8Array, at: number, end: number, field: number): number {
  if (at === end) return OTHER_MEMBERS;
  const behind = readNumber(bytes, at, end);
  if (behind < 0) return OTHER_MEMBERS;
  memberKinds[field] = readInteger(bytes, at, behind, memberLimbs, 2 * field);
  return behind;
}

/** Whether a number goes on behind what was read of it. */
function goesOn(byte: number): boolean {
  return byte === Byte.Point || (byte ^ Byte.Zero) <= 9 || (byte | Byte.LowerCase) === Byte.e;
}

function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && (bytes[at] === Byte.Space || bytes[at] === Byte.Tab || bytes[at] === Byte.Return)) at++;
  return at;
}
