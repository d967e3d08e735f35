/** The states that an operator can force on a destination, whatever its health. */
export const FORCED_STATES = ["up", "down", "drain"] as const;
/** `down` and `drain` have the same effect; `drain` says that somebody is working on the destination. */
export type ForcedState = typeof FORCED_STATES[number];

/** The longest duration of an override, in seconds. An override can be renewed. */
export const OVERRIDE_S_MAX = 30 * 86_400;

/** An operator's decision on a destination, or on one server of the origin, until it expires. */
export interface Override {
  readonly cluster: string;
  /** The name of a destination, or a server of the origin as `server:s3`. */
  readonly name: string;
  readonly state: ForcedState;
  /** The name of the token that set it. */
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly expiresAt: string;
  /** The milliseconds that were left when it was read, by the clock of the database. */
  readonly leftMs: number;
}

/** The reason that is shown for a destination with this override. */
export const reasonOf = ({ state, by, expiresAt }: Override): string => `${by}: ${state} until ${expiresAt}`;

const SERVER_PREFIX = "server:";

/** The origin's server that an override of this name drains; undefined: the name is that of a destination. */
export function serverOf(name: string): string | undefined {
  return name.startsWith(SERVER_PREFIX) ? name.slice(SERVER_PREFIX.length) : undefined;
}

/** A DNS label, as in the URL of a video. */
const SERVER_PATTERN = /^[a-z0-9-]{1,63}$/;
export const isServerName = (server: string): boolean => SERVER_PATTERN.test(server);
