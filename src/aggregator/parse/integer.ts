import { REASONS } from "../aggregate/partial.ts";

export const NOT_INTEGER = REASONS.indexOf("not_integer");
export const OUT_OF_RANGE = REASONS.indexOf("out_of_range");
/** What {@linkcode readInteger} returns for an int64. */
export const INTEGER = -1;

const enum Byte {
  Plus = 0x2b,
  Minus = 0x2d,
  Point = 0x2e,
  Zero = 0x30,
  e = 0x65,
  /** The bit that turns an ASCII letter into lower case. */
  LowerCase = 0x20,
}

const enum Limit {
  /** An int64 has at most 19 digits: its first one stands for at most 10^18. */
  Power = 18,
  /** LIMB of partial.ts: imported, it would be loaded from memory. */
  Limb = 1_000_000_000,
  /** The limbs of 2^63 - 1. */
  High = 9_223_372_036,
  Low = 854_775_807,
}

/**
 * Evaluates the JSON value at `at`, which must be valid, by its mathematical value: `-0`, `1.0` and `10e-1` are
 * integers. Writes its high and low limb to `limbs[to]` and `limbs[to + 1]`, without a negative zero.
 *
 * @returns {@linkcode INTEGER}, {@linkcode NOT_INTEGER} or {@linkcode OUT_OF_RANGE}
 */
export function readInteger(
  bytes: Uint8Array,
  at: number,
  end: number,
  limbs: Float64Array,
  to: number,
): number {
  limbs[to] = limbs[to + 1] = 0;
  const negative = bytes[at] === Byte.Minus;
  if (negative) at++;
  else if (!isDigit(bytes[at]!)) return NOT_INTEGER;

  // Most numbers are digits and nothing else: read like this, they take half the time.
  const stop = Math.min(at + Limit.Power + 1, end);
  let behind = at;
  while (behind < stop && isDigit(bytes[behind]!)) behind++;
  if (behind === end || !goesOn(bytes[behind]!)) {
    const lowAt = Math.max(at, behind - 9);
    const highAt = Math.max(at, behind - 18);
    const high = valueOf(bytes, at, highAt) * Limit.Limb + valueOf(bytes, highAt, lowAt);
    return writeLimbs(limbs, to, negative, high, valueOf(bytes, lowAt, behind));
  }
  return readDecimal(bytes, at, end, limbs, to, negative);
}

/** Reads a number with a point, an exponent, or more digits than an int64 has; `at` is behind its sign. */
function readDecimal(
  bytes: Uint8Array,
  at: number,
  end: number,
  limbs: Float64Array,
  to: number,
  negative: boolean,
): number {
  // Digits are numbered from the left, the point not counted: 0.0120e4 has 0 to 4, and its integer part is digit 0.
  let digits = 0;
  let integerDigits = -1;
  let first = -1;
  let firstAt = -1;
  let last = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === Byte.Point) integerDigits = digits;
    else if (!isDigit(byte)) break;
    else {
      if (byte !== Byte.Zero) {
        last = digits;
        if (first < 0) {
          first = digits;
          firstAt = at;
        }
      }
      digits++;
    }
  }
  if (first < 0) return INTEGER;

  // The power of ten that digit 0 stands for.
  const power = (integerDigits < 0 ? digits : integerDigits) - 1 + readExponent(bytes, at, end);
  if (power - last < 0) return NOT_INTEGER;
  if (power - first > Limit.Power) return OUT_OF_RANGE;
  let high = 0;
  let low = 0;
  at = firstAt;
  for (let digit = first; digit <= power; digit++) {
    if (bytes[at] === Byte.Point) at++;
    const value = digit <= last ? bytes[at++]! - Byte.Zero : 0;
    if (power - digit >= 9) high = high * 10 + value;
    else low = low * 10 + value;
  }
  return writeLimbs(limbs, to, negative, high, low);
}

/** Whether a number goes on behind its first digits. */
function goesOn(byte: number): boolean {
  return byte === Byte.Point || isDigit(byte) || (byte | Byte.LowerCase) === Byte.e;
}

/** The value of at most 9 digits. They fit an int32: `| 0` has V8 multiply as such, not as a float64. */
function valueOf(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (; at < end; at++) value = (value * 10 + (bytes[at]! ^ Byte.Zero)) | 0;
  return value;
}

/** Writes an integer if it is an int64; returns as {@linkcode readInteger} does. */
function writeLimbs(limbs: Float64Array, to: number, negative: boolean, high: number, low: number): number {
  if (high > Limit.High || (high === Limit.High && low > Limit.Low + (negative ? 1 : 0))) return OUT_OF_RANGE;
  limbs[to] = negative ? 0 - high : high;
  limbs[to + 1] = negative ? 0 - low : low;
  return INTEGER;
}

/** The exponent at `at`, or 0 if there is none. Past 2^53 it is rounded, at worst to infinity: that decides as well. */
function readExponent(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || (bytes[at]! | Byte.LowerCase) !== Byte.e) return 0;
  at++;
  const negative = bytes[at] === Byte.Minus;
  if (negative || bytes[at] === Byte.Plus) at++;
  let exponent = 0;
  for (; at < end && isDigit(bytes[at]!); at++) exponent = exponent * 10 + bytes[at]! - Byte.Zero;
  return negative ? -exponent : exponent;
}

/** The digits are 0x30 to 0x39. */
function isDigit(byte: number): boolean {
  return (byte ^ Byte.Zero) <= 9;
}
