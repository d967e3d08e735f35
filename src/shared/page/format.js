/**
 * Formats numbers for people. An unknown number is a dash, never a zero. Pure.
 *
 * @module
 */

export const UNKNOWN = "–";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const threeDigits = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** @param {unknown} value */
const isKnown = (value) => value !== null && value !== undefined && !Number.isNaN(value);

/** A count in full: `1,234,567`. A number that is too large for JavaScript may be given as a string. */
export function count(/** @type {number | string | null | undefined} */ value) {
  if (!isKnown(value)) return UNKNOWN;
  return whole.format(typeof value === "string" ? BigInt(value) : /** @type {number} */ (value));
}

const STEPS = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** A number in three digits: `12.3 k`, `0.25`. Integers below 10,000 are shown in full. */
export function short(/** @type {number | string | null | undefined} */ value) {
  if (!isKnown(value)) return UNKNOWN;
  const number = Number(value);
  const size = Math.abs(number);
  if (size < 10_000) return Number.isInteger(number) ? whole.format(number) : threeDigits.format(number);
  const [factor, letter] = /** @type {[number, string]} */ (STEPS.find(([factor]) => size >= Number(factor)));
  return `${threeDigits.format(number / factor)} ${letter}`;
}

/** A rate: two decimals below 0.1, one below 10, none from 10 on; from 10,000 on as {@linkcode short}. */
export function rate(/** @type {number | null | undefined} */ value) {
  if (!isKnown(value)) return UNKNOWN;
  const number = Number(value);
  if (number >= 10_000) return short(number);
  return number > 0 && number < 10 && !Number.isInteger(number)
    ? number.toFixed(number < 0.1 ? 2 : 1)
    : whole.format(number);
}

/** `512 B`, `12.3 KiB`, `26 MiB`. */
export function bytes(/** @type {number | null | undefined} */ value) {
  if (!isKnown(value)) return UNKNOWN;
  let number = Number(value);
  let unit = 0;
  while (number >= 1024 && unit < 4) {
    number /= 1024;
    unit++;
  }
  return `${threeDigits.format(number)} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

/** `0.2 s`, `12 s`, `3 min`, `5 h 10 min`, `3 d 4 h`. */
export function duration(/** @type {number | null | undefined} */ seconds) {
  if (!isKnown(seconds)) return UNKNOWN;
  const number = Number(seconds);
  if (number < 10) return `${number.toFixed(1)} s`;
  if (number < 60) return `${Math.floor(number)} s`;
  const minutes = Math.floor(number / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `12.5 %`. */
export function percent(/** @type {number | null | undefined} */ part) {
  return isKnown(part) ? `${(Number(part) * 100).toFixed(1)} %` : UNKNOWN;
}

const two = (/** @type {number} */ number) => String(number).padStart(2, "0");

/** The reader's own time of day: `12:34`, or `12:34:56`. */
export function timeOfDay(/** @type {number} */ unixSeconds, withSeconds = false) {
  const date = new Date(unixSeconds * 1000);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}
