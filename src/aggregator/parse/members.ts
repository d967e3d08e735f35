import { INTEGER, readInteger } from "./integer.ts";
import { readNumber } from "./json.ts";

/*
 * Reads messages with A1, A2 and A3, each once, and no other key, whose numbers may have any form: many
 * digits, a fraction, an exponent. Measured: as any JSON object (json.ts, then integer.ts), such a message
 * takes 1.5 to 3 times as long (`deno task bench --only scanner`).
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

/** Four bytes of a message as one little-endian number. */
const enum Word {
  /** `"A0"`, and the mask that turns `"A1"`, `"A2"` and `"A3"` into it. */
  Key = 0x22304122,
  KeyMask = 0xfffcffff,
  /** `0000` */
  Zeros = 0x30303030,
}

/** The bits of A1, A2 and A3: 0, 1 and 2. */
const ALL_FIELDS = 0b111;
/** {@linkcode readMembers} returns this for an object that json.ts has to read. */
export const OTHER_MEMBERS = -1;

const enum Limit {
  /** The same as LIMB of partial.ts. V8 would load an imported constant from memory. */
  Limb = 1_000_000_000,
  /** The smallest number of 9 digits. */
  NineDigits = 100_000_000,
}

/** The values that were read: the high and the low limb of A1, then of A2, then of A3. */
export const memberLimbs = new Float64Array(6);
/** What {@linkcode readInteger} returned for A1, A2 and A3: INTEGER, or why the value is rejected. */
export const memberKinds = new Int32Array(3);
/** The same arrays: V8 knows that these are constant, but would load an exported one from memory. */
const limbs = memberLimbs;
const kinds = memberKinds;

/** How many digits {@linkcode nineDigits} has read, 0 to 9. */
let digitCount = 0;
/** The exponent that {@linkcode skipSuffix} has read; 0 if there was none. */
let exponent = 0;

/**
 * Reads the object at `at` into {@linkcode memberLimbs} and {@linkcode memberKinds}.
 *
 *     {"A1":5e3, "A2":1.5, "A3":-123456789012345678}\n
 *     ^ `at`                                        ^ returned
 *
 * @param view the same memory as `bytes`, but readable beyond `end`
 * @returns the place after the object, or {@linkcode OTHER_MEMBERS}
 */
export function readMembers(bytes: Uint8Array, view: DataView, at: number, end: number): number {
  let seen = 0;
  let byte: number;
  do {
    let key = view.getUint32(++at, true);
    if ((key & 0xff) <= Byte.Space) key = view.getUint32(at = skipSpace(view, at, end), true);
    const field = ((key >>> 16) & 3) - 1;
    // Repeated keys are left to json.ts, which evaluates only the last value of a key, so they cost less.
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

/** 10^0 to 10^9. */
const POWERS = Int32Array.from({ length: 10 }, (_, digits) => 10 ** digits);

/**
 * Reads the value of a member. Reads 18 digits itself, and leaves all other numbers to {@linkcode readShort}.
 *
 *     "A2":-123456789012345678,
 *          ^ `start`          ^ returned
 *           [ high  ][  low  ]
 *
 * This function must not grow: it has 460 bytes of bytecode, and V8 inlines no function of more. V8 inlines
 * this function, but not readShort. (scanOthers in scanner.ts has 459 bytes: if it grows past 460, a message
 * takes 16 ns more.) Measured: inlined, this function takes 0.6 times as long. If it grows, a byte of lines
 * of 18 digits costs 1.6 times as much as a byte of plain lines, instead of 1.17 times
 * (`deno task bench --only scanner`, "lines of 18 digits").
 *
 * @returns the place after the number, or {@linkcode OTHER_MEMBERS}
 */
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
    const nonDigits = (first | (first + 0x06060606) | second | (second + 0x06060606)) & 0xf0f0f0f0;
    if (nonDigits !== 0 || digit > 9) break; // Fewer than 18 digits: `high` is still 0.
    // Bytes 0 and 2 each get the value of two digits. It is at most 99, so it does not overflow its byte.
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

/**
 * Reads any other number. It needs one pass for at most 18 digits, perhaps with a fraction of zeros, and for
 * at most 9 digits also with an exponent up to 6. All others take a second pass, by {@linkcode readOther}.
 */
function readShort(bytes: Uint8Array, view: DataView, start: number, end: number, field: number): number {
  let at = start;
  const negative = view.getUint8(at) === Byte.Minus;
  if (negative) at++;
  let low = nineDigits(view, at);
  const digits = digitCount;
  const isLeadingZero = digits > 1 && view.getUint8(at) === Byte.Zero;
  if (digits === 0 || isLeadingZero) return readOther(bytes, start, end, field);
  at += digits;
  let high = 0;
  if (digits === 9) {
    const next = nineDigits(view, at);
    at += digitCount;
    // The low limb is the last 9 digits: those just read, and before them as many of the first 9 as there is
    // room for.
    const divisor = POWERS[9 - digitCount]!;
    high = Math.floor(low / divisor);
    low = (low - high * divisor) * POWERS[digitCount]! + next;
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

/**
 * Skips a fraction of zeros and reads an exponent of 0 to 6 into `exponent`. Either may be missing. Returns
 * the place after both, or -1 for any other fraction or exponent and for further digits.
 *
 *     120.000e3,
 *        ^ `at`^ returned
 */
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

/** Reads a number of any form: one pass to find its end, one for its value. Returns as readMember does. */
function readOther(bytes: Uint8Array, at: number, end: number, field: number): number {
  if (at >= end) return OTHER_MEMBERS;
  const after = readNumber(bytes, at, end);
  if (after < 0) return OTHER_MEMBERS;
  kinds[field] = readInteger(bytes, at, after, memberLimbs, 2 * field);
  return after;
}

/** Returns the value of the digits at `at`, 9 at most, and writes to `digitCount` how many they are. */
function nineDigits(view: DataView, at: number): number {
  const word = view.getUint32(at, true) ^ Word.Zeros;
  const digits = leadingDigits(word);
  if (digits < 4) {
    digitCount = digits;
    return digits === 0 ? 0 : fourDigits(word << (32 - 8 * digits));
  }
  const next = view.getUint32(at + 4, true) ^ Word.Zeros;
  const more = leadingDigits(next);
  digitCount = 4 + more;
  let value = fourDigits(word);
  if (more === 0) return value;
  value = (value * POWERS[more]! + fourDigits(next << (32 - 8 * more))) | 0;
  if (more < 4) return value;
  const digit = view.getUint8(at + 8) ^ Byte.Zero;
  if (digit > 9) return value;
  digitCount = 9;
  return (value * 10 + digit) | 0;
}

/** Returns how many digits four bytes begin with. `word` is these bytes, XORed with `0000`. */
function leadingDigits(word: number): number {
  // A byte of `word` is 0 to 9 for a digit: its upper four bits are 0, before and after 6 is added. For any
  // other byte, they are not 0 in one of the two. After the first other byte, a carry may mark a digit too;
  // only the first mark counts.
  const nonDigits = (word | (word + 0x06060606)) & 0xf0f0f0f0;
  return nonDigits === 0 ? 4 : (31 - Math.clz32(nonDigits & -nonDigits)) >>> 3;
}

/** Returns the value of four digits, one per byte of `word` (0 to 9). The first digit is the lowest byte. */
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
