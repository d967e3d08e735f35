/**
 * What the master and its workers say to each other. A worker that reads in a blocking loop hears no messages, so
 * all that it must know while it reads stands in a shared control word; what it has to say it can post at any time.
 *
 * In order: the master posts `prepare`; the worker opens what it needs, drops every permission and posts `ready`;
 * the master posts `receive` (to a spare only when it takes the place of another); the worker posts a `partial` at
 * every tick of the control word, and after the stop its last one, then `stopped`.
 */

import type { HostPort } from "../shared/address.ts";

/** The indices of the control word, an Int32Array in shared memory. */
export const Control = {
  /** Rises whenever the workers shall hand over; they may sleep on it. Wraps: compare for equality only. */
  tick: 0,
  /** The number of the open base window. Written before `tick`, read after it. */
  window: 1,
  /** 1 once the workers shall read what is left, hand over and end. */
  stop: 2,
  /** Rises when some more of what is refused may be looked at. Wraps: compare for equality only. */
  minute: 3,
  /** From here on `WORDS_A_WORKER` for each. */
  workers: 4,
} as const;

const WORDS_A_WORKER = 2;

/** A word that the worker changes every time it looks at the control word. */
export function pulseOf(worker: number): number {
  return Control.workers + WORDS_A_WORKER * worker;
}

/** A word in which the worker counts the datagrams it has read, modulo 2^32, before it scans them. */
export function readsOf(worker: number): number {
  return Control.workers + WORDS_A_WORKER * worker + 1;
}

/** A worker looks at the control word at least this often, in milliseconds, while it has something to hand over. */
export const IDLE_WAIT_MS = 50;
/** And this often while it has nothing: at a window's end it is woken. 20 looks a second cost 230 ms of CPU a minute. */
export const QUIET_WAIT_MS = 500;

export function createControl(workers: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(
    new SharedArrayBuffer((Control.workers + WORDS_A_WORKER * workers) * Int32Array.BYTES_PER_ELEMENT),
  );
}

/** Asks the workers to hand over and go on in window `window`; wakes those that sleep. */
export function signalTick(control: Int32Array, window: number): void {
  Atomics.store(control, Control.window, window);
  Atomics.add(control, Control.tick, 1);
  Atomics.notify(control, Control.tick);
}

/** Lets the workers post some more of what they refuse. */
export function signalMinute(control: Int32Array): void {
  Atomics.add(control, Control.minute, 1);
}

/** Asks the workers to end; wakes those that sleep. */
export function signalStop(control: Int32Array): void {
  Atomics.store(control, Control.stop, 1);
  Atomics.add(control, Control.tick, 1);
  Atomics.notify(control, Control.tick);
}

/** What a worker opens for itself before it drops its permissions. */
export type Prepare =
  /** Reads file descriptors that the master opened. */
  | { receiver: "reuseport" }
  /** Listens itself; port 0 takes any free one. */
  | { receiver: "datagram"; addresses: readonly HostPort[] };

/** What the master tells a worker of the sockets it shall read; a receiver that opens its own needs none of it. */
export interface ReceiveOrder {
  /** The file descriptors of bound UDP sockets, one an address. */
  fds?: readonly number[];
  /** An eventfd(2) that becomes readable when the worker shall look at the control word. */
  wakeup?: number;
  /** The longest sleep between two reads that the sockets' buffers allow, in milliseconds. */
  sleepMsMax?: number;
}

export type ToWorker =
  | {
    kind: "prepare";
    worker: number;
    control: Int32Array<SharedArrayBuffer>;
    datagramBytesMax: number;
    /** Some of what is refused is to be posted. */
    sampling: boolean;
    open: Prepare;
  }
  | ({ kind: "receive" } & ReceiveOrder);

export type FromWorker =
  /** Every permission is dropped; `ports` are those it listens on, `held` names the permissions still there: none. */
  | { kind: "ready"; ports?: readonly number[]; held: string[] }
  /** It can't do what was asked; it ends. */
  | { kind: "failed"; reason: string }
  /** What it read while it knew window `window` to be open; from here on it reads into window `next`. */
  | { kind: "partial"; window: number; next: number; buffer: ArrayBuffer }
  /** A message that was refused, as a sample. */
  | { kind: "refused"; refused: Refused }
  | { kind: "stopped" };

export interface Refused {
  /** An index into `REASONS` of partial.ts. */
  readonly reason: number;
  /** How long it was in bytes; `bytes` may be cut. */
  readonly length: number;
  readonly bytes: Uint8Array;
  /** The sender's address, where the receiver knows it. */
  readonly from?: string;
}

/** What a message to the master hands over instead of copying. */
export function transferListOf(message: FromWorker): Transferable[] {
  return message.kind === "partial" ? [message.buffer] : [];
}
