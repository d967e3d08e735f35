import type { Patience } from "../../shared/http/places.ts";

/** The limits on the clients of a worker. Can be posted to a worker. */
export interface Limits {
  /** This worker's share of the process's connections. */
  readonly connectionsMax: number;
  readonly patience: Patience;
  /** Undefined: no limit per address. */
  readonly perAddress: AddressLimit | undefined;
}

/** The limit on the open connections of one address, over all workers. */
export interface AddressLimit {
  readonly max: number;
  /** The open connections of all workers, by a hash of their address. Shared memory. */
  readonly counters: Int32Array<SharedArrayBuffer>;
  /** This worker's part of `counters`. */
  readonly own: Int32Array<SharedArrayBuffer>;
  /**
   * The seed of the hash. It is secret, so an attacker can't pick an address that shares a victim's counter.
   */
  readonly seed: number;
}

/** The flags that set the limits; times in milliseconds. */
export interface LimitFlags {
  readonly headerTimeoutMs: number;
  /** Infinity: no timeout. */
  readonly idleTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Undefined: no limit. */
  readonly connectionsPerAddress: number | undefined;
}

/** The most open connections to the admin port. A further one replaces the one that has been idle longest. */
export const ADMIN_CONNECTIONS_MAX = 24;

/**
 * How long a client may take to read its last answer and close the connection, before the service closes it.
 */
const CLOSING_MS = 2000;

/** How long a connection may stay in each stage, by the flags. */
export function patienceOf({ headerTimeoutMs, idleTimeoutMs, writeTimeoutMs }: LimitFlags): Patience {
  return {
    fresh: headerTimeoutMs,
    reading: headerTimeoutMs,
    idle: idleTimeoutMs,
    answering: Infinity,
    writing: writeTimeoutMs,
    closing: CLOSING_MS,
  };
}

/**
 * The number of counters, 1 MiB in all. With 1,000 addresses, the chance that one shares its counter is 1 in
 * 260.
 */
const COUNTERS = 2 ** 18;

const newCounters = () => new Int32Array(new SharedArrayBuffer(COUNTERS * Int32Array.BYTES_PER_ELEMENT));

/**
 * The limits of each worker.
 *
 * @param connectionsMax the limit of the whole process
 */
export function limitsOf(flags: LimitFlags, connectionsMax: number, workers: number, seed: number): Limits {
  const { connectionsPerAddress: max } = flags;
  const counters = max === undefined ? undefined : newCounters();
  return {
    connectionsMax: Math.max(1, Math.floor(connectionsMax / workers)),
    patience: patienceOf(flags),
    perAddress: max && counters ? { max, counters, own: counters, seed } : undefined,
  };
}

/** The same limits for one worker, with counters of its own beside the shared ones. */
export function ofOneWorker(limits: Limits): Limits {
  const { perAddress } = limits;
  return perAddress ? { ...limits, perAddress: { ...perAddress, own: newCounters() } } : limits;
}

/**
 * Subtracts the connections of a worker that died from the shared counters: they are closed, but still
 * counted.
 */
export function forgetConnections({ perAddress }: Limits): void {
  if (!perAddress) return;
  const { counters, own } = perAddress;
  for (let i = 0; i < own.length; i++) {
    if (own[i] !== 0) Atomics.sub(counters, i, Atomics.exchange(own, i, 0));
  }
}

/** Descriptors for the admin API's connections, the database, files and the event loop. */
const MASTER_DESCRIPTORS = ADMIN_CONNECTIONS_MAX + 20;
/** Descriptors for a worker's event loop and listener. */
const WORKER_DESCRIPTORS = 8;
/** With room for fewer viewers' connections than this, the service does not start. */
const CONNECTIONS_MIN = 8;

/** The descriptors that are kept free for everything except viewers' connections. */
export function descriptorReserve(
  { workers, spareWorkers }: { readonly workers: number; readonly spareWorkers: number },
): number {
  return MASTER_DESCRIPTORS + WORKER_DESCRIPTORS * (workers + spareWorkers);
}

/**
 * The limit of viewers' connections: the given one, or else what the free descriptors allow.
 *
 * @throws {Error} No limit is given, and the free descriptors allow fewer than {@linkcode CONNECTIONS_MIN}.
 */
export function connectionsFor(asked: number | undefined, free: number, reserve: number): number {
  if (asked !== undefined) return asked;
  if (free - reserve >= CONNECTIONS_MIN) return free - reserve;
  throw new Error(
    `Cannot serve with ${free} free file descriptors: raise their limit (ulimit -n, LimitNOFILE=) by at least ` +
      `${reserve + CONNECTIONS_MIN - free}`,
  );
}
