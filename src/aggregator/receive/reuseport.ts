import { memmove, type MessageHeaders, messageHeaders, MMSGHDR_BYTES, openLibc } from "../../shared/libc.ts";
import { Control, IDLE_WAIT_MS, QUIET_WAIT_MS } from "../worker_protocol.ts";
import { Batch, scanDatagram } from "../parse/scanner.ts";
import { AdaptiveSleep } from "./adaptive_sleep.ts";
import type { ReceiveOrder } from "../worker_protocol.ts";
import type { Receiver, ReceiverHost } from "./receiver.ts";
import { SenderNames } from "./sender_names.ts";

/** All that a worker may ask of the C library: to read, to wait, to be woken, and to learn an address. */
export const READER_SYMBOLS = {
  recvmmsg: { parameters: ["i32", "usize", "u32", "i32", "usize"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  eventfd_read: { parameters: ["i32", "buffer"], result: "i32" },
  memmove,
} as const;

/**
 * Datagrams between two sleeps, at most; under load it finds a quarter to a half of that (see AdaptiveSleep). With 1024
 * and sleeps of at most 10 ms, 50,000 a second took 1.09 times the processor time (median of 9 pairs).
 */
const FLOOD = 2048;
/**
 * Datagrams a system call takes at most. Small messages of 128 and what tells of them fit into the innermost cache: that
 * takes 0.95 times the processor time of 1024 (median of 29 pairs at 200,000 a second); 64 take the same.
 */
const BATCH = 128;

/** recvmmsg(2), poll(2) and <bits/socket.h>. */
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const POLLIN = 0x1;

const WORDS_A_HEADER = MMSGHDR_BYTES / 4;
const FLAGS_WORD = 12;
const LENGTH_WORD = 14;

/** Reads in a row, 1 ms apart, that find nothing before a stop believes that nothing more comes. */
const EMPTY_READS_AT_STOP = 3;
/** Reads that fail in a row, although poll(2) promised something, before the socket counts as broken. */
const FAILURES_MAX = 1000;

/** Reads its sockets in batches, blocking this thread: full batches under load, asleep in poll(2) when idle. */
export class ReuseportReceiver implements Receiver {
  readonly #libc = openLibc(READER_SYMBOLS);
  readonly #datagramBytesMax: number;
  /** Where the kernel writes who sent each datagram of a batch, if that is asked for. */
  readonly #senders: SenderNames | undefined;
  /** How often the wakeup rang, which is all the same: reading it silences it. */
  readonly #rings = new BigUint64Array(1);

  /**
   * Opens the C library: the permission for it is needed here, and no later.
   *
   * @param sampling the sender of a datagram may be asked for
   */
  constructor(datagramBytesMax: number, sampling = false) {
    this.#datagramBytesMax = datagramBytesMax;
    this.#senders = sampling ? new SenderNames(BATCH) : undefined;
  }

  /** Closes the library; the sockets are the master's. A worker that ends leaves that to its end. */
  close(): void {
    this.#libc.close();
  }

  /** Blocks until the host asks to stop. */
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
    const sleep = new AdaptiveSleep(FLOOD, sleepMsMax ?? 0);
    const pollfds = Int32Array.from([wakeup, ...fds].flatMap((fd) => [fd, POLLIN]));
    let [failures, emptyReads] = [0, 0];
    // After the stop it reads on until the sockets stay empty: a datagram may have been on its way into it.
    for (let running = true; running || emptyReads < EMPTY_READS_AT_STOP;) {
      running = host.look();
      const tick = Atomics.load(control, Control.tick);
      let received = 0;
      for (let i = 0; i < fds.length; i++) {
        received += this.#readAll(fds[i]!, headers, batch, stride, host);
      }
      emptyReads = received === 0 ? emptyReads + 1 : 0;
      const sleepMs = running ? sleep.after(received) : received === 0 ? 1 : 0;
      if (received > 0 || !running) {
        failures = 0;
        if (sleepMs > 0) Atomics.wait(control, Control.tick, tick, sleepMs);
      } else if (
        this.#wait(pollfds, into.isEmpty ? QUIET_WAIT_MS : IDLE_WAIT_MS) && ++failures > FAILURES_MAX
      ) {
        throw new Error(`Cannot read socket ${fds}: poll(2) says it is readable, recvmmsg(2) fails`);
      }
    }
  }

  /** Reads what a socket holds, at most a flood; returns how many datagrams that were. */
  #readAll(fd: number, headers: MessageHeaders, batch: Batch, stride: number, host: ReceiverHost): number {
    let [received, read] = [0, 0];
    do {
      read = this.#read(fd, headers, batch, stride, host);
      received += read;
    } while (read === BATCH && received < FLOOD);
    return received;
  }

  /** Reads what is there, at most a batch, and scans it; returns how many datagrams that were. */
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

  /** Scans with the sampler. A loop of its own: a closure in the other one would cost every datagram an allocation. */
  #sample(received: number, words: Uint32Array, batch: Batch, stride: number, host: ReceiverHost): void {
    for (let i = 0; i < received; i++) {
      const header = i * WORDS_A_HEADER;
      const [start, length] = [i * stride, words[header + LENGTH_WORD]!];
      const truncated = (words[header + FLAGS_WORD]! & MSG_TRUNC) !== 0;
      const from = () => this.#senders?.of(i);
      host.sampler?.scan(batch, start, start + length, truncated, host.into, from);
    }
  }

  /** Sleeps until a datagram comes, or the wakeup rings; says whether a socket has something to read. */
  #wait(pollfds: Int32Array<ArrayBuffer>, waitMs: number): boolean {
    const { poll, eventfd_read } = this.#libc.symbols;
    const ready = poll(pollfds, BigInt(pollfds.length / 2), waitMs);
    if (ready <= 0) return false;
    // struct pollfd: fd (i32), events (i16), revents (i16), which is the upper half of the second word.
    if (pollfds[1]! >>> 16 === 0) return true;
    eventfd_read(pollfds[0]!, this.#rings);
    return ready > 1;
  }
}

/**
 * The distance of two datagrams in the batch: an odd number of 64-byte cache lines, so that the first lines of all
 * datagrams do not fall into the same few sets of the cache, as they would with a power of two.
 */
function strideBytes(datagramBytesMax: number): number {
  const lines = Math.ceil(datagramBytesMax / 64);
  return 64 * (lines % 2 === 0 ? lines + 1 : lines);
}
