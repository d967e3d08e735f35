/** Why, and how far, a destination takes less than its share of the redirects. */
export interface Absence {
  /** The fraction of its share that it takes: 0 while it is down, between 0 and 1 during its slow start. */
  readonly share: number;
  /** `failover`: its health is the reason; `forced`: an operator's override is. */
  readonly reason: "failover" | "forced";
}

/** Which destinations of a cluster take less than their share. Immutable: a change makes a new object. */
export interface Availability {
  /** By the name of the destination. A destination that is missing here takes its whole share. */
  readonly absent: ReadonlyMap<string, Absence>;
  /** Servers of the origin, such as `s3`, that get no redirects. */
  readonly drainedServers: ReadonlySet<string>;
}

export const ALL_WELL: Availability = { absent: new Map(), drainedServers: new Set() };
