import { memmove, type MessageHeaders, messageHeaders, MMSGHDR_BYTES, openLibc } from "../../shared/libc.ts";
import { Control, IDLE_WAIT_MS, QUIET_WAIT_MS } from "../worker_protocol.ts";
import { Batch, scanDatagram } from "../parse/scanner.ts";
import { AdaptiveSleep } from "./adaptive_sleep.ts";
import type { ReceiveOrder } from "../worker_protocol.ts";
import type { Receiver, ReceiverHost } from "./receiver.ts";
import { SenderNames } from "./sender_names.ts";

/**
 * The only C functions that a worker can call: to read, to wait, to clear a wakeup, and to learn an address.
 */
export const READER_SYMBOLS = {
  recvmmsg: { parameters: ["i32", "usize", "u32", "i32", "usize"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  eventfd_read: { parameters: ["i32", "buffer"], result: "i32" },
  memmove,
} as const;

/**
 * The most datagrams that a worker reads between two sleeps; under load a round finds a quarter to a half of
 * that (see AdaptiveSleep). Measured: with 1024 and sleeps of at most 10 ms the CPU time was 1.09 times as
 * high (median of 9 pairs, `deno task bench --load 50k`).
 */
const ROUND_DATAGRAMS_MAX = 2048;
/**
 * The most datagrams in one system call. 128 small messages and their headers fit into the L1 cache.
 * Measured: the CPU time is 0.95 times that of 1024 (median of 29 pairs, `deno task bench --load 200k`), and
 * the same as that of 64.
 */
const BATCH = 128;

/** From recvmmsg(2), poll(2) and <bits/socket.h>. */
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const POLLIN = 0x1;

const WORDS_A_HEADER = MMSGHDR_BYTES / 4;
const FLAGS_WORD = 12;
const LENGTH_WORD = 14;

/** A stop ends when this many rounds in a row have found the sockets empty ... */
const EMPTY_ROUNDS_AT_STOP = 3;
/** ... with a pause of 1 ms after each. */
const STOP_PAUSE_MS = 1;
/** A socket counts as broken when poll(2) says it is readable but this many rounds in a row read nothing. */
const FAILED_ROUNDS_MAX = 1000;

/**
 * Reads its sockets in batches and blocks its thread while it does: in full batches with short sleeps under
 * load, and in poll(2) while idle.
 */
export class ReuseportReceiver implements Receiver {
  readonly #libc = openLibc(READER_SYMBOLS);
  readonly #datagramBytesMax: number;
  /** Where the kernel writes the sender of each datagram of a batch; undefined: nobody asks for senders. */
  readonly #senders: SenderNames | undefined;
  /** Takes the wakeup's counter, whose value does not matter: reading it clears the wakeup. */
  readonly #rings = new BigUint64Array(1);

  /**
   * Opens the C library. Only this needs the permission for it.
   *
   * @param sampling whether the senders of datagrams are needed, for samples
   */
  constructor(datagramBytesMax: number, sampling = false) {
    this.#datagramBytesMax = datagramBytesMax;
    this.#senders = sampling ? new SenderNames(BATCH) : undefined;
  }

  /** Closes the library, but not the sockets, which belong to the master. For tests: a worker simply ends. */
  close(): void {
    this.#libc.close();
  }

  /**
   * Blocks its thread until the host asks to stop and the sockets are empty.
   *
   * @throws {Error} A socket can't be read.
   */
  receive(host: ReceiverHost, { fds, wakeup, sleepMsMax }: ReceiveOrder): void {
    if (fds === undefined || wakeup === undefined) {
      throw new TypeError(
        "A reuseport receiver needs the file descriptors of its sockets and of their wakeup",
      );
    }
    const stride = strideBytes(this.#datagramBytesMax);
    const batch = new Batch(BATCH * stride);
    const headers = messageHeaders(this.#libc.symbols.memmove, batch.bytes, stride);
    for (let i = 0; i < BATCH; i++) headers.iovecs[4 * i + 2] = this.#datagramBytesMax;
    this.#senders?.attach(headers, this.#libc.symbols.memmove);
    const { control, into } = host;
    const sleep = new AdaptiveSleep(ROUND_DATAGRAMS_MAX, sleepMsMax ?? 0);
    const pollfds = Int32Array.from([wakeup, ...fds].flatMap((fd) => [fd, POLLIN]));
    let [isRunning, emptyRounds, failedRounds] = [true, 0, 0];
    // The stop needs several empty rounds, because a datagram may still be on its way into a socket.
    while (isRunning || emptyRounds < EMPTY_ROUNDS_AT_STOP) {
      isRunning = host.look();
      const tick = Atomics.load(control, Control.tick); // A later tick ends the sleeps below at once.
      let received = 0;
      for (let i = 0; i < fds.length; i++) {
        received += this.#readAll(fds[i]!, headers, batch, stride, host);
      }
      if (received > 0) [emptyRounds, failedRounds] = [0, 0];
      else emptyRounds++;
      if (!isRunning) {
        if (received === 0) Atomics.wait(control, Control.tick, tick, STOP_PAUSE_MS);
        continue;
      }
      const sleepMs = sleep.after(received);
      if (received > 0) {
        if (sleepMs > 0) Atomics.wait(control, Control.tick, tick, sleepMs);
        continue;
      }
      const isReadable = this.#wait(pollfds, into.isEmpty ? QUIET_WAIT_MS : IDLE_WAIT_MS);
      if (isReadable) failedRounds++;
      if (failedRounds > FAILED_ROUNDS_MAX) {
        throw new Error(`Cannot read socket ${fds}: poll(2) says it is readable, but recvmmsg(2) fails`);
      }
    }
  }

  /** Reads what a socket holds, up to a round's maximum; returns the number of datagrams. */
  #readAll(fd: number, headers: MessageHeaders, batch: Batch, stride: number, host: ReceiverHost): number {
    let [received, read] = [0, 0];
    do {
      read = this.#read(fd, headers, batch, stride, host);
      received += read;
    } while (read === BATCH && received < ROUND_DATAGRAMS_MAX);
    return received;
  }

  /** Reads at most one batch and scans it; returns the number of datagrams. */
  #read(fd: number, headers: MessageHeaders, batch: Batch, stride: number, host: ReceiverHost): number {
    const { words, address } = headers;
    this.#senders?.reset();
    const received = Math.max(0, this.#libc.symbols.recvmmsg(fd, address, BATCH, MSG_DONTWAIT, 0n));
    host.note(received);
    if (host.sampler) {
      this.#sample(received, words, batch, stride, host);
      return received;
    }
    for (let i = 0; i < received; i++) {
      const header = i * WORDS_A_HEADER;
      const start = i * stride;
      const truncated = (words[header + FLAGS_WORD]! & MSG_TRUNC) !== 0;
      scanDatagram(batch, start, start + words[header + LENGTH_WORD]!, truncated, host.into);
    }
    return received;
  }

  /**
   * Scans with the sampler. A separate loop: the closure would cost the hot path an allocation per datagram.
   */
  #sample(received: number, words: Uint32Array, batch: Batch, stride: number, host: ReceiverHost): void {
    for (let i = 0; i < received; i++) {
      const header = i * WORDS_A_HEADER;
      const [start, length] = [i * stride, words[header + LENGTH_WORD]!];
      const truncated = (words[header + FLAGS_WORD]! & MSG_TRUNC) !== 0;
      const from = () => this.#senders?.of(i);
      host.sampler?.scan(batch, start, start + length, truncated, host.into, from);
    }
  }

  /** Sleeps until a datagram comes or the wakeup rings; returns whether a socket is readable. */
  #wait(pollfds: Int32Array<ArrayBuffer>, waitMs: number): boolean {
    const { poll, eventfd_read } = this.#libc.symbols;
    const ready = poll(pollfds, BigInt(pollfds.length / 2), waitMs);
    if (ready <= 0) return false;
    // struct pollfd: fd (i32), events (i16), revents (i16). `revents` is the upper half of the second word.
    if (pollfds[1]! >>> 16 === 0) return true;
    eventfd_read(pollfds[0]!, this.#rings);
    return ready > 1;
  }
}

/**
 * Returns the distance between two datagrams in the batch: an odd number of 64-byte cache lines. With a power
 * of two, the first lines of all datagrams would compete for the same few sets of the cache.
 */
function strideBytes(datagramBytesMax: number): number {
  const lines = Math.ceil(datagramBytesMax / 64);
  return 64 * (lines % 2 === 0 ? lines + 1 : lines);
}
