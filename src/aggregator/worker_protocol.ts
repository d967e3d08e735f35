/**
 * The protocol between the master and its workers. A worker blocks its event loop while it reads, so it
 * receives no messages. All that it must know while it reads is in shared memory, the control word. It can
 * always post.
 *
 * The order: the master posts `prepare`; the worker opens what it needs, drops all permissions and posts
 * `ready`; the master posts `receive` (to a spare only when it replaces a dead worker); the worker posts a
 * `partial` at every tick of the control word if it has something to hand over; after the stop it posts its
 * last `partial`, then `stopped`.
 *
 * @module
 */

import type { HostPort } from "../shared/address.ts";

/** The indices of the control word, an Int32Array in shared memory. */
export const Control = {
  /**
   * Incremented to make the workers hand over; they may sleep on it. It wraps, so compare for equality only.
   */
  tick: 0,
  /** The number of the open base window. Write it before `tick`, read it after `tick`. */
  window: 1,
  /** 1: the workers must read what is left in the sockets, hand over and end. */
  stop: 2,
  /** Incremented when workers may post more samples of rejected messages. It wraps, too. */
  minute: 3,
  /** The first of `WORDS_A_WORKER` words for each worker. */
  workers: 4,
} as const;

const WORDS_A_WORKER = 2;

/** Returns the index of the word that a worker changes every time it looks at the control word. */
export function pulseOf(worker: number): number {
  return Control.workers + WORDS_A_WORKER * worker;
}

/** Returns the index of the word in which a worker counts the datagrams it has read, modulo 2^32. */
export function readsOf(worker: number): number {
  return Control.workers + WORDS_A_WORKER * worker + 1;
}

/**
 * A worker's longest wait for datagrams while it has something to hand over: it must notice ticks in time.
 */
export const IDLE_WAIT_MS = 50;
/**
 * The longest wait while it has nothing to hand over; the master wakes it at the end of each window.
 * Measured once: 20 wake-ups a second cost 230 ms of CPU time a minute.
 */
export const QUIET_WAIT_MS = 500;

export function createControl(workers: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(
    new SharedArrayBuffer((Control.workers + WORDS_A_WORKER * workers) * Int32Array.BYTES_PER_ELEMENT),
  );
}

/**
 * Asks the workers to hand over, and to read into base window `window` from now on. Wakes those that sleep.
 */
export function signalTick(control: Int32Array, window: number): void {
  Atomics.store(control, Control.window, window);
  Atomics.add(control, Control.tick, 1);
  Atomics.notify(control, Control.tick);
}

/** Allows the workers the next minute's samples of rejected messages. */
export function signalMinute(control: Int32Array): void {
  Atomics.add(control, Control.minute, 1);
}

/** Asks the workers to end. Wakes those that sleep. */
export function signalStop(control: Int32Array): void {
  Atomics.store(control, Control.stop, 1);
  Atomics.add(control, Control.tick, 1);
  Atomics.notify(control, Control.tick);
}

/** What a worker opens before it drops its permissions. */
export type Prepare =
  /** The C library. The worker will read file descriptors that the master opened. */
  | { receiver: "reuseport" }
  /** Sockets of its own. Port 0 means any free port. */
  | { receiver: "datagram"; addresses: readonly HostPort[] };

/** The sockets that a worker has to read. Empty for a receiver that opens its own sockets. */
export interface ReceiveOrder {
  /** The file descriptors of bound UDP sockets, one for each address. */
  fds?: readonly number[];
  /** An eventfd(2) that becomes readable when the worker has to look at the control word. */
  wakeup?: number;
  /** The longest sleep between two reads that the sockets' receive buffers allow, in milliseconds. */
  sleepMsMax?: number;
}

export type ToWorker =
  | {
    kind: "prepare";
    worker: number;
    control: Int32Array<SharedArrayBuffer>;
    datagramBytesMax: number;
    /** Whether to post samples of rejected messages. */
    sampling: boolean;
    open: Prepare;
  }
  | ({ kind: "receive" } & ReceiveOrder);

export type FromWorker =
  /** `ports`: where it listens, if it opened sockets. `held`: permissions that it could not drop. */
  | { kind: "ready"; ports?: readonly number[]; held: string[] }
  /** The worker can't do what it was asked to do, and ends. */
  | { kind: "failed"; reason: string }
  /**
   * What the worker read into base window `window`. From now on it reads into `next`, which may be the same.
   */
  | { kind: "partial"; window: number; next: number; buffer: ArrayBuffer }
  /** A sample of a rejected message. */
  | { kind: "refused"; refused: Refused }
  | { kind: "stopped" };

/** A sample of a rejected message. */
export interface Refused {
  /** An index into `REASONS` of partial.ts. */
  readonly reason: number;
  /** The length of the whole message in bytes. */
  readonly length: number;
  /** The message, or only its beginning. */
  readonly bytes: Uint8Array;
  /** The sender's address; missing if the receiver does not know it. */
  readonly from?: string;
}

/** Returns the buffers that a message to the master transfers instead of copying. */
export function transferListOf(message: FromWorker): Transferable[] {
  return message.kind === "partial" ? [message.buffer] : [];
}
