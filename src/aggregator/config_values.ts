/**
 * Parsers for the values of the aggregator's own flags. Each throws a RangeError or a SyntaxError whose
 * message says what to give instead.
 *
 * @module
 */
import type { RotateWhen } from "./write/rotation.ts";
import { formatHostPort, type HostPort } from "../shared/address.ts";
import { hostPort, integer } from "../shared/flags/flags.ts";

/** A day. A restart cuts the open windows short, so longer windows would rarely be whole. */
const WINDOW_SECONDS_MAX = 86_400;
/** More lengths would cost only the master: workers add each message to the base window alone. */
const WINDOWS_MAX = 16;
/** More addresses must be a mistake: each takes a socket for every worker. */
const ADDRESSES_MAX = 16;
/** Some fifty records. A smaller size must be a mistake. */
const ROTATE_BYTES_MIN = 4096;
const ROTATE_BYTES_MAX = 1024 ** 4;
/** Daily files of almost thirty years. A larger number must be a mistake. */
const KEEP_MAX = 10_000;

const parseHostPort = hostPort();

/**
 * Parses addresses separated by commas. An address without a host means every address: its hostname is empty.
 */
export function parseListen(text: string): readonly HostPort[] {
  const addresses = text.split(",").map((each) =>
    each.startsWith(":") ? { ...parseHostPort(`0.0.0.0${each}`), hostname: "" } : parseHostPort(each)
  );
  if (addresses.length > ADDRESSES_MAX) throw new RangeError(`give at most ${ADDRESSES_MAX} addresses`);
  for (const [index, { hostname, port }] of addresses.entries()) {
    const isThere = (other: HostPort) => port !== 0 && other.hostname === hostname && other.port === port;
    if (addresses.slice(0, index).some(isThere)) {
      throw new RangeError(`${formatHostPort({ hostname, port })} is given twice: give it once`);
    }
  }
  return addresses;
}

/** Undefined: off. */
export function parseAdmin(text: string): HostPort | undefined {
  return text === "off" ? undefined : parseHostPort(text);
}

/** Parses permission bits: read and write for the owner, and execute for nobody. */
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
    if (length === seconds[index - 1]) throw new RangeError(`${length}s is given twice: give it once`);
    if (length % base !== 0) {
      throw new RangeError(`${length}s is not a multiple of the shortest, ${base}s: give multiples of it`);
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
