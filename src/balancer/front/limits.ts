import type { Patience } from "../../shared/http/places.ts";

/** What a worker allows its clients. Can be posted to a worker. */
export interface Limits {
  /** Of this worker: its share of those of the process. */
  readonly connectionsMax: number;
  readonly patience: Patience;
  /** Undefined: an address may have as many connections as there are. */
  readonly perAddress: AddressLimit | undefined;
}

/** How many connections one address may have, over all workers. */
export interface AddressLimit {
  readonly max: number;
  /** Open connections, by a hash of their address; shared by all workers. */
  readonly counters: Int32Array<SharedArrayBuffer>;
  /** Those of this worker among them. */
  readonly own: Int32Array<SharedArrayBuffer>;
  /** Nobody outside knows it, so nobody can choose an address that shares another one's counter. */
  readonly seed: number;
}

/** The flags that limits come from; times in milliseconds. */
export interface LimitFlags {
  readonly headerTimeoutMs: number;
  /** Infinity: never. */
  readonly idleTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Undefined: no limit. */
  readonly connectionsPerAddress: number | undefined;
}

/** Open connections to the admin port; past them the longest idle one is closed. */
export const ADMIN_CONNECTIONS_MAX = 24;

/** How long a client has to take its last answer and close, before we do. */
const CLOSING_MS = 2000;

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

/** Counters for this many addresses take 1 MiB; two of 1,000 addresses share one in one of 260 cases. */
const COUNTERS = 2 ** 18;

const newCounters = () => new Int32Array(new SharedArrayBuffer(COUNTERS * Int32Array.BYTES_PER_ELEMENT));

/** What each of these workers allows; `connectionsMax` is that of the process. */
export function limitsOf(flags: LimitFlags, connectionsMax: number, workers: number, seed: number): Limits {
  const { connectionsPerAddress: max } = flags;
  const counters = max === undefined ? undefined : newCounters();
  return {
    connectionsMax: Math.max(1, Math.floor(connectionsMax / workers)),
    patience: patienceOf(flags),
    perAddress: max && counters ? { max, counters, own: counters, seed } : undefined,
  };
}

/** The same limits, for a worker whose connections can be told from those of the others. */
export function ofOneWorker(limits: Limits): Limits {
  const { perAddress } = limits;
  return perAddress ? { ...limits, perAddress: { ...perAddress, own: newCounters() } } : limits;
}

/** Takes away what a worker had counted that died: its connections are closed, and it can't count them down. */
export function forgetConnections({ perAddress }: Limits): void {
  if (!perAddress) return;
  const { counters, own } = perAddress;
  for (let i = 0; i < own.length; i++) {
    if (own[i] !== 0) Atomics.sub(counters, i, Atomics.exchange(own, i, 0));
  }
}

/** Descriptors of the admin API's connections, the database, files and the event loop's own. */
const MASTER_DESCRIPTORS = ADMIN_CONNECTIONS_MAX + 20;
/** A worker's event loop and listener. */
const WORKER_DESCRIPTORS = 8;
/** With less room for viewers the service is not worth its start. */
const CONNECTIONS_MIN = 8;

/** The descriptors that connections of viewers may not take. */
export function descriptorReserve(
  { workers, spareWorkers }: { readonly workers: number; readonly spareWorkers: number },
): number {
  return MASTER_DESCRIPTORS + WORKER_DESCRIPTORS * (workers + spareWorkers);
}

/**
 * The most connections of viewers: as many as asked for, or else as many as there are free descriptors for.
 *
 * @throws {Error} There are next to none.
 */
export function connectionsFor(asked: number | undefined, free: number, reserve: number): number {
  if (asked !== undefined) return asked;
  if (free - reserve >= CONNECTIONS_MIN) return free - reserve;
  throw new Error(
    `Cannot serve with ${free} free file descriptors: raise their limit (ulimit -n, LimitNOFILE=) by at least ` +
      `${reserve + CONNECTIONS_MIN - free}`,
  );
}
