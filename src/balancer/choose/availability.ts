/** What keeps a destination from its share of the redirects. */
export interface Absence {
  /** The part of its share that it takes all the same: 0 while it is down, between 0 and 1 while it comes back. */
  readonly share: number;
  /** Whether its health says so, or an operator. */
  readonly reason: "failover" | "forced";
}

/** Which destinations of a cluster are not all there. Never changed: replaced by another object. */
export interface Availability {
  /** By the name of the destination; who is not in it is well. */
  readonly absent: ReadonlyMap<string, Absence>;
  /** Servers of the origin, such as `s3`, that are to be left alone. */
  readonly drainedServers: ReadonlySet<string>;
}

export const ALL_WELL: Availability = { absent: new Map(), drainedServers: new Set() };
