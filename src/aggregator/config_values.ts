/**
 * Reads the values of the flags that have a form of their own. Each throws a RangeError or a SyntaxError that says what
 * to give instead.
 *
 * @module
 */
import type { RotateWhen } from "./write/rotation.ts";
import { formatHostPort, type HostPort } from "../shared/address.ts";
import { hostPort, integer } from "../shared/flags/flags.ts";

/** A day: a longer window would lose too much of its meaning at each restart. */
const WINDOW_SECONDS_MAX = 86_400;
/** Each message is added once to the base window, so more windows cost the master alone. */
const WINDOWS_MAX = 16;
/** One service on so many addresses is a mistake; each takes a socket for each worker. */
const ADDRESSES_MAX = 16;
/** Some fifty records: less is a slip of the finger. */
const ROTATE_BYTES_MIN = 4096;
const ROTATE_BYTES_MAX = 1024 ** 4;
/** Thirty years of days: more is a slip of the finger. */
const KEEP_MAX = 10_000;

const parseHostPort = hostPort();

export function parseListen(text: string): readonly HostPort[] {
  const addresses = text.split(",").map((each) =>
    each.startsWith(":") ? { ...parseHostPort(`0.0.0.0${each}`), hostname: "" } : parseHostPort(each)
  );
  if (addresses.length > ADDRESSES_MAX) throw new RangeError(`give at most ${ADDRESSES_MAX} addresses`);
  for (const [index, { hostname, port }] of addresses.entries()) {
    const isThere = (other: HostPort) => port !== 0 && other.hostname === hostname && other.port === port;
    if (addresses.slice(0, index).some(isThere)) {
      throw new RangeError(`${formatHostPort({ hostname, port })} is there twice: give it once`);
    }
  }
  return addresses;
}

/** Undefined: nowhere. */
export function parseAdmin(text: string): HostPort | undefined {
  return text === "off" ? undefined : parseHostPort(text);
}

export function parsePath(text: string): string {
  if (text.includes("\0")) throw new SyntaxError("give a path without NUL");
  if (/(^|\/)\.{0,2}$/.test(text)) throw new SyntaxError("give the path of a file, not of a directory");
  return text;
}

/** No one may execute a file of records, and its owner has to read and write it. */
export function parseMode(text: string): number {
  if (!/^0?6[0246]{2}$/.test(text)) throw new SyntaxError("give 0600 to 0666 without execute, such as 0640");
  return parseInt(text, 8);
}

const SIZE_UNITS = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

export function parseRotate(text: string): RotateWhen | null {
  if (text === "off") return null;
  if (text === "daily") return { kind: "daily" };
  const [, number, unit] = /^([1-9][0-9]{0,12})([KMG]?)$/.exec(text) ?? [];
  const bytes = Number(number) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS];
  if (bytes >= ROTATE_BYTES_MIN && bytes <= ROTATE_BYTES_MAX) return { kind: "size", bytes };
  throw new RangeError("give daily, off, or a size from 4K to 1024G");
}

export function parseKeep(text: string): number | null {
  return text === "all" ? null : integer(1, KEEP_MAX, "all, or an integer")(text);
}

export function parseWindows(text: string): readonly number[] {
  const seconds = text.split(",").map(parseWindow).sort((one, other) => one - other);
  if (seconds.length > WINDOWS_MAX) throw new RangeError(`give at most ${WINDOWS_MAX} lengths`);
  const base = seconds[0]!;
  for (const [index, length] of seconds.entries()) {
    if (length === seconds[index - 1]) throw new RangeError(`${length}s is there twice: give it once`);
    if (length % base !== 0) {
      throw new RangeError(`${length}s is not a multiple of the shortest, ${base}s`);
    }
  }
  return seconds;
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600 } as const;

function parseWindow(text: string): number {
  const [, number, unit] = /^([1-9][0-9]{0,8})([smh])$/.exec(text) ?? [];
  const seconds = Number(number) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
  if (seconds <= WINDOW_SECONDS_MAX) return seconds;
  throw new RangeError(
    `give whole seconds, minutes or hours from 1s to ${
      WINDOW_SECONDS_MAX / 3600
    }h, separated by commas, such as 10s,1m`,
  );
}
