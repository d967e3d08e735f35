import { getSystemErrorMap } from "node:util";
import type { HostPort } from "../shared/flags/flags.ts";
import {
  memmove,
  memread,
  type MessageHeaders,
  messageHeaders,
  MMSGHDR_BYTES,
  openLibc,
  sockaddr,
} from "../shared/libc.ts";
import { Refusals } from "./refusals.ts";
import type { Transport } from "./run.ts";
import type { Datagrams } from "./shapes.ts";

/** The only C functions that the sender can call, although `--allow-ffi` opens the whole library. */
export const SENDER_SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  sendmmsg: { parameters: ["i32", "usize", "u32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  __errno_location: { parameters: [], result: "usize" },
  memmove,
  memread,
} as const;

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

/** Values of errno(3) on Linux after which sending can succeed again. */
const EINTR = 4;
const ECONNREFUSED = 111;
/** EAGAIN, ENOMEM, ENOBUFS: the kernel is short of memory at the moment. */
const SHORTAGES: readonly number[] = [11, 12, 105];
const SHORTAGE_PAUSE_MS = 1;
const SHORTAGES_IN_A_ROW_MAX = 2000;

const sleepWord = new Int32Array(new SharedArrayBuffer(4));

/** Sends a batch of datagrams in one system call, through connected sockets of the C library. */
class SendmmsgTransport implements Transport {
  readonly #library = openLibc(SENDER_SYMBOLS);
  readonly #symbols = this.#library.symbols;
  readonly #errnoAddress = this.#symbols.__errno_location(); // The address never changes in a thread.
  readonly #errno = new Int32Array(1);
  readonly #datagrams: Datagrams;
  readonly #headers: MessageHeaders;
  readonly #refusals: Refusals;
  readonly #sockets: number[] = [];
  #turn = 0;
  #shortages = 0;

  constructor(to: HostPort, sources: number, datagrams: Datagrams) {
    this.#datagrams = datagrams;
    this.#headers = messageHeaders(this.#symbols.memmove, datagrams.bytes, datagrams.slotBytes);
    this.#refusals = new Refusals(sources);
    try {
      for (let i = 0; i < sources; i++) this.#connect(to);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get refused(): number {
    return this.#refusals.total;
  }

  send(begin: number): number {
    const { size, lengths } = this.#datagrams;
    const { iovecs, address } = this.#headers;
    if (begin === 0) {
      for (let slot = 0; slot < size; slot++) iovecs[4 * slot + 2] = lengths[slot]!;
    }
    const wanted = size - begin;
    const socket = this.#sockets[this.#turn++ % this.#sockets.length]!;
    const taken = this.#symbols.sendmmsg(socket, address + BigInt(begin * MMSGHDR_BYTES), wanted, 0);
    if (taken < 0) return this.#retry(this.#lastError());
    this.#shortages = 0;
    this.#refusals.sent(taken);
    // A blocking socket takes fewer only because of an error, which the kernel does not report (sendmmsg(2),
    // BUGS). Nearly always that error is a refusal.
    if (taken < wanted) this.#refusals.refused(performance.now());
    return taken;
  }

  close(): void {
    for (const socket of this.#sockets) this.#symbols.close(socket);
    this.#library.close();
  }

  #connect({ hostname, port }: HostPort): void {
    const { family, bytes } = sockaddr(hostname, port);
    const socket = this.#symbols.socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) throw failure("open a socket", this.#lastError());
    this.#sockets.push(socket);
    const connected = this.#symbols.connect(socket, bytes, bytes.length);
    if (connected < 0) throw failure("connect", this.#lastError());
  }

  /** Call this right after the failed call: the next one may change errno. */
  #lastError(): number {
    this.#symbols.memread(this.#errno, this.#errnoAddress, 4n);
    return this.#errno[0]!;
  }

  /** Handles a failed send. Returns 0 (no datagram was taken) if a retry makes sense, otherwise throws. */
  #retry(code: number): 0 {
    if (code === ECONNREFUSED) {
      this.#refusals.refused(performance.now());
    } else if (SHORTAGES.includes(code) && ++this.#shortages < SHORTAGES_IN_A_ROW_MAX) {
      Atomics.wait(sleepWord, 0, 0, SHORTAGE_PAUSE_MS);
    } else if (code !== EINTR) {
      throw failure("send", code);
    }
    return 0;
  }
}

function failure(action: string, code: number): Error {
  return new Error(`Cannot ${action}: ${getSystemErrorMap().get(-code)?.[1] ?? `error ${code}`}`);
}

/**
 * Opens the sender's sockets with the C library. The transport's `send` throws {@linkcode NobodyListens} when
 * nothing has listened at the address for two seconds.
 *
 * @throws {Deno.errors.NotCapable} The permission to open the C library is missing.
 * @throws {Error} The sockets can't be opened, or the address can't be reached.
 */
export const openSendmmsg = (to: HostPort, sources: number, datagrams: Datagrams): Transport =>
  new SendmmsgTransport(to, sources, datagrams);
