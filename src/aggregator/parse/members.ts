import { INTEGER, readInteger } from "./integer.ts";
import { readNumber } from "./json.ts";

/*
 * Messages of A1, A2 and A3 and nothing else, each once, but with numbers of any form: too many digits, a point, an
 * exponent. To read them as any JSON and then their values takes 1.5 to 3 times as long.
 */

const enum Byte {
  Tab = 0x09,
  Return = 0x0d,
  Space = 0x20,
  Plus = 0x2b,
  Comma = 0x2c,
  Minus = 0x2d,
  Point = 0x2e,
  Zero = 0x30,
  Colon = 0x3a,
  e = 0x65,
  CloseBrace = 0x7d,
  /** The bit that turns an ASCII letter into lower case. */
  LowerCase = 0x20,
}

/** Four bytes as one number, the first of them lowest. */
const enum Word {
  /** `"A0"`, and a mask that leaves it of `"A1"`, `"A2"` and `"A3"`. */
  Key = 0x22304122,
  KeyMask = 0xfffcffff,
  /** `0000` */
  Zeros = 0x30303030,
}

/** One bit a field: 0, 1 and 2. */
const ALL_FIELDS = 0b111;
/** What {@linkcode readMembers} returns for an object that it does not read. */
export const OTHER_MEMBERS = -1;

const enum Limit {
  /** Limit.Limb of partial.ts: imported, it would be loaded from memory. */
  Limb = 1_000_000_000,
  /** The least number of 9 digits. */
  NineDigits = 100_000_000,
}

/** Of A1, A2 and A3 the high and the low limb, and what {@linkcode readInteger} says of them. */
export const memberLimbs = new Float64Array(6);
export const memberKinds = new Int32Array(3);
/** The same, as V8 knows them for constants: an exported one it loads from memory. */
const limbs = memberLimbs;
const kinds = memberKinds;

/** How many digits {@linkcode nineDigits} has read. */
let length = 0;
/** The power of ten that {@linkcode skipSuffix} has read. */
let exponent = 0;

/**
 * Reads an object that begins at `at` into {@linkcode memberLimbs} and {@linkcode memberKinds}.
 *
 * @param bytes the same as `view`, which goes on behind `end`
 * @returns the place behind it, or {@linkcode OTHER_MEMBERS}
 */
export function readMembers(bytes: Uint8Array, view: DataView, at: number, end: number): number {
  let seen = 0;
  let byte: number;
  do {
    let key = view.getUint32(++at, true);
    if ((key & 0xff) <= Byte.Space) key = view.getUint32(at = skipSpace(view, at, end), true);
    const field = ((key >>> 16) & 3) - 1;
    // A key that comes again and again costs less where only the last of its values is evaluated.
    if ((key & Word.KeyMask) !== Word.Key || field < 0 || (seen & (1 << field)) !== 0) return OTHER_MEMBERS;
    if (view.getUint8(at += 4) !== Byte.Colon) {
      at = skipSpace(view, at, end);
      if (view.getUint8(at) !== Byte.Colon) return OTHER_MEMBERS;
    }
    if (view.getUint8(++at) <= Byte.Space) at = skipSpace(view, at, end);
    at = readMember(bytes, view, at, end, field);
    if (at < 0) return OTHER_MEMBERS;
    seen |= 1 << field;
    byte = view.getUint8(at);
    if (byte <= Byte.Space) byte = view.getUint8(at = skipSpace(view, at, end));
  } while (byte === Byte.Comma && at < end);
  return byte === Byte.CloseBrace && at < end && seen === ALL_FIELDS ? at + 1 : OTHER_MEMBERS;
}

/** Of 0 to 9 digits, the power of ten. */
const POWERS = Int32Array.from({ length: 10 }, (_, digits) => 10 ** digits);

/** Reads a number: here one of 18 digits and nothing else. V8 inlines this alone, so it takes 0.6 times as long. */
function readMember(bytes: Uint8Array, view: DataView, start: number, end: number, field: number): number {
  let at = start;
  const negative = view.getUint8(at) === Byte.Minus;
  if (negative) at++;
  let high = 0;
  let low = 0;
  for (const stop = at + 18; at < stop; at += 9) {
    const first = view.getUint32(at, true) ^ Word.Zeros;
    const second = view.getUint32(at + 4, true) ^ Word.Zeros;
    const digit = view.getUint8(at + 8) ^ Byte.Zero;
    const others = (first | (first + 0x06060606) | second | (second + 0x06060606)) & 0xf0f0f0f0;
    if (others !== 0 || digit > 9) break; // So `high` is still 0.
    // Two digits in every other byte: ten times a digit and another one are less than a byte holds.
    const pairs = (first * 10 + (first >>> 8)) & 0x00ff00ff;
    const more = (second * 10 + (second >>> 8)) & 0x00ff00ff;
    high = low;
    low = ((pairs & 0xffff) * 100 + (pairs >>> 16)) * 100_000;
    low = (low + (more & 0xffff) * 1000 + (more >>> 16) * 10 + digit) | 0;
  }
  const byte = view.getUint8(at);
  if (high < Limit.NineDigits || (byte !== Byte.Comma && byte !== Byte.CloseBrace)) {
    return readShort(bytes, view, start, end, field);
  }
  limbs[2 * field] = negative ? 0 - high : high;
  limbs[2 * field + 1] = negative ? 0 - low : low;
  kinds[field] = INTEGER;
  return at;
}

/** Reads any other number, in one pass if it has at most 18 digits, a fraction of zeros at most and a small exponent. */
function readShort(bytes: Uint8Array, view: DataView, start: number, end: number, field: number): number {
  let at = start;
  const negative = view.getUint8(at) === Byte.Minus;
  if (negative) at++;
  let low = nineDigits(view, at);
  const digits = length;
  const isLeadingZero = digits > 1 && view.getUint8(at) === Byte.Zero;
  if (digits === 0 || isLeadingZero) return readOther(bytes, start, end, field);
  at += digits;
  let high = 0;
  if (digits === 9) {
    const next = nineDigits(view, at);
    at += length;
    // Of the first 9 digits those stay in the lower limb that the next ones leave room for.
    const above = POWERS[9 - length]!;
    high = Math.floor(low / above);
    low = (low - high * above) * POWERS[length]! + next;
  }
  const byte = view.getUint8(at);
  if (byte !== Byte.Comma && byte !== Byte.CloseBrace && byte > Byte.Space) {
    at = skipSuffix(view, at, end);
    if (at < 0 || (high > 0 && exponent > 0)) return readOther(bytes, start, end, field);
    low *= POWERS[exponent]!;
    const carry = Math.floor(low / Limit.Limb);
    high += carry;
    low -= carry * Limit.Limb;
  }
  limbs[2 * field] = negative ? 0 - high : high;
  limbs[2 * field + 1] = negative ? 0 - low : low;
  kinds[field] = INTEGER;
  return at;
}

/** Skips a point and zeros, and an exponent of 0 to 6 that it writes to `exponent`; returns -1 for anything else. */
function skipSuffix(view: DataView, at: number, end: number): number {
  exponent = 0;
  let byte = view.getUint8(at);
  if (byte === Byte.Point) {
    if (view.getUint8(at + 1) !== Byte.Zero) return -1;
    at += 2;
    while (at < end && view.getUint8(at) === Byte.Zero) at++;
    byte = view.getUint8(at);
  }
  if ((byte | Byte.LowerCase) === Byte.e) {
    byte = view.getUint8(++at);
    if (byte === Byte.Plus) byte = view.getUint8(++at);
    exponent = byte ^ Byte.Zero;
    if (exponent > 6) return -1;
    byte = view.getUint8(++at);
  }
  return (byte ^ Byte.Zero) <= 9 ? -1 : at;
}

function readOther(bytes: Uint8Array, at: number, end: number, field: number): number {
  if (at >= end) return OTHER_MEMBERS;
  const behind = readNumber(bytes, at, end);
  if (behind < 0) return OTHER_MEMBERS;
  kinds[field] = readInteger(bytes, at, behind, memberLimbs, 2 * field);
  return behind;
}

/** The value of the digits at `at`, of the first 9 if there are more; writes to `length` how many. */
function nineDigits(view: DataView, at: number): number {
  const word = view.getUint32(at, true) ^ Word.Zeros;
  const digits = digitsOf(word);
  if (digits < 4) {
    length = digits;
    return digits === 0 ? 0 : fourDigits(word << (32 - 8 * digits));
  }
  const next = view.getUint32(at + 4, true) ^ Word.Zeros;
  const more = digitsOf(next);
  length = 4 + more;
  let value = fourDigits(word);
  if (more === 0) return value;
  value = (value * POWERS[more]! + fourDigits(next << (32 - 8 * more))) | 0;
  if (more < 4) return value;
  const digit = view.getUint8(at + 8) ^ Byte.Zero;
  if (digit > 9) return value;
  length = 9;
  return (value * 10 + digit) | 0;
}

/** With how many digits a word begins that is `0000` but for them. */
function digitsOf(word: number): number {
  // In each byte the upper half is 0 for a digit; past the first other one a carry may set it for a digit, too.
  const others = (word | (word + 0x06060606)) & 0xf0f0f0f0;
  return others === 0 ? 4 : (31 - Math.clz32(others & -others)) >>> 3;
}

/** Of four digits as the bytes of a word, the first of them lowest, the value. */
function fourDigits(word: number): number {
  const pairs = (word & 0x00ff00ff) * 10 + ((word >>> 8) & 0x00ff00ff);
  return (pairs & 0xffff) * 100 + (pairs >>> 16);
}

function skipSpace(view: DataView, at: number, end: number): number {
  for (; at < end; at++) {
    const byte = view.getUint8(at);
    if (byte !== Byte.Space && byte !== Byte.Tab && byte !== Byte.Return) break;
  }
  return at;
}
