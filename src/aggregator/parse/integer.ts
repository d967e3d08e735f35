import { REASONS } from "../aggregate/partial.ts";

export const NOT_INTEGER = REASONS.indexOf("not_integer");
export const OUT_OF_RANGE = REASONS.indexOf("out_of_range");
/** {@linkcode readInteger} returns this for an integer that fits an int64. */
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
  /** An int64 has at most 19 digits, so its first digit stands for at most 9 × 10^18. */
  MaxPower = 18,
  /** The same as LIMB of partial.ts. V8 would load an imported constant from memory. */
  Limb = 1_000_000_000,
  /** The limbs of 2^63 - 1. */
  High = 9_223_372_036,
  Low = 854_775_807,
}

/**
 * Evaluates the JSON value at `at`, which must be valid. What counts is the mathematical value: `-0`, `1.0`
 * and `10e-1` are integers. Writes the high and the low limb to `limbs[to]` and `limbs[to + 1]`, never as -0.
 * Both are 0 if the value is rejected.
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

  // Most numbers are digits only. Measured: read here, they take half as long as with readDecimal
  // (`deno task bench --only scanner`).
  const stop = Math.min(at + Limit.MaxPower + 1, end);
  let after = at;
  while (after < stop && isDigit(bytes[after]!)) after++;
  if (after === end || !continuesNumber(bytes[after]!)) {
    const lowAt = Math.max(at, after - 9);
    const highAt = Math.max(at, after - 18);
    const high = valueOf(bytes, at, highAt) * Limit.Limb + valueOf(bytes, highAt, lowAt);
    return writeLimbs(limbs, to, negative, high, valueOf(bytes, lowAt, after));
  }
  return readDecimal(bytes, at, end, limbs, to, negative);
}

/**
 * Reads a number with a fraction, an exponent, or more digits than an int64 has. `at` is the place after its
 * sign.
 *
 * Its digits are numbered from the left, without the point. `first` and `last` are the first and the last
 * that is not 0:
 *
 *     0.0120e4
 *     0 1234      integerDigits = 1, first = 2, last = 3
 */
function readDecimal(
  bytes: Uint8Array,
  at: number,
  end: number,
  limbs: Float64Array,
  to: number,
  negative: boolean,
): number {
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

  // The power of ten of digit 0. That of each further digit is lower by 1.
  const power = (integerDigits < 0 ? digits : integerDigits) - 1 + readExponent(bytes, at, end);
  if (power - last < 0) return NOT_INTEGER;
  if (power - first > Limit.MaxPower) return OUT_OF_RANGE;
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

/** Whether a number that has begun with digits continues with this byte. */
function continuesNumber(byte: number): boolean {
  return byte === Byte.Point || isDigit(byte) || (byte | Byte.LowerCase) === Byte.e;
}

/**
 * Returns the value of 9 digits or fewer. It fits an int32: with `| 0`, V8 multiplies as int32, not as
 * float64.
 */
function valueOf(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (; at < end; at++) value = (value * 10 + (bytes[at]! ^ Byte.Zero)) | 0;
  return value;
}

/** Writes the limbs of an integer if it fits an int64. Returns as {@linkcode readInteger} does. */
function writeLimbs(limbs: Float64Array, to: number, negative: boolean, high: number, low: number): number {
  if (high > Limit.High || (high === Limit.High && low > Limit.Low + (negative ? 1 : 0))) return OUT_OF_RANGE;
  limbs[to] = negative ? 0 - high : high;
  limbs[to + 1] = negative ? 0 - low : low;
  return INTEGER;
}

/**
 * Returns the exponent at `at`, or 0 if there is none. Above 2^53 it is rounded, at worst to infinity. That
 * makes no difference: the number is a fraction or out of range in any case.
 */
function readExponent(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || (bytes[at]! | Byte.LowerCase) !== Byte.e) return 0;
  at++;
  const negative = bytes[at] === Byte.Minus;
  if (negative || bytes[at] === Byte.Plus) at++;
  let exponent = 0;
  for (; at < end && isDigit(bytes[at]!); at++) exponent = exponent * 10 + bytes[at]! - Byte.Zero;
  return negative ? -exponent : exponent;
}

/** Digits are 0x30 to 0x39 in ASCII. */
function isDigit(byte: number): boolean {
  return (byte ^ Byte.Zero) <= 9;
}
