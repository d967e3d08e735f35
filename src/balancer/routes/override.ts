/** What an operator wants of a destination whatever its health. */
export const FORCED_STATES = ["up", "down", "drain"] as const;
/** `down` and `drain` do the same to viewers; `drain` tells that somebody works on it. */
export type ForcedState = typeof FORCED_STATES[number];

/** The longest time that an override may be given; it can be given again. */
export const OVERRIDE_S_MAX = 30 * 86_400;

/** The word of an operator about a destination, or about one server of the origin. */
export interface Override {
  readonly cluster: string;
  /** Of a destination; or `server:s3`. */
  readonly name: string;
  readonly state: ForcedState;
  /** The name of the token that was used. */
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly expiresAt: string;
  /** From when it was read until it ends, by the clock of the database. */
  readonly leftMs: number;
}

/** Why a destination is as it is, where an operator wants it so. */
export const reasonOf = ({ state, by, expiresAt }: Override): string => `${by}: ${state} until ${expiresAt}`;

const SERVER_PREFIX = "server:";

/** The server of the origin that an override of this name is about; undefined: it is about a destination. */
export function serverOf(name: string): string | undefined {
  return name.startsWith(SERVER_PREFIX) ? name.slice(SERVER_PREFIX.length) : undefined;
}

/** A label of DNS, as in the URL of a video. */
const SERVER_PATTERN = /^[a-z0-9-]{1,63}$/;
export const isServerName = (server: string): boolean => SERVER_PATTERN.test(server);
