/**
 * TLS over a connection of our own, by `node:tls`. `Deno.listenTls` takes half the processor time, but what its `close`
 * ends is not the connection while its client has not finished the handshake: a client that says nothing keeps its
 * descriptor for as long as it likes (found by trying, Deno 2.9.6). Here the connection below is closed whatever TLS is
 * waiting for.
 *
 * @module
 */
import { Duplex, duplexPair } from "node:stream";
import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { lendInput, returnInput } from "./buffers.ts";
import { sendAtOnce, type Stream } from "./stream.ts";

/** A certificate chain and its key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Bytes of either direction that may wait: a few requests, and the answers to them. */
const WAITING_BYTES = 4096;

/** What new connections show their clients from now on. Players that need TLS 1.1 or before are not served. */
export const tlsContext = (certificate: Certificate): SecureContext =>
  createSecureContext({ ...certificate, minVersion: "TLSv1.2" });

/**
 * Has a client of our own in this thread shake hands with the certificate's server.
 *
 * @throws {Error} They can't: the certificate is none that TLS can be spoken with.
 */
export async function tryHandshake(certificate: Certificate): Promise<void> {
  const [near, far] = duplexPair();
  const secureContext = tlsContext(certificate);
  const server = new TLSSocket(far as never, { isServer: true, secureContext });
  const client = connect({ socket: near as never, rejectUnauthorized: false });
  try {
    await new Promise<void>((resolve, reject) => {
      for (const end of [server, client]) end.on("error", reject);
      client.on("secureConnect", resolve);
    });
  } finally {
    for (const end of [server, client]) end.destroy();
  }
}

/** The server's side of TLS. The handshake begins at once, and each read and write waits for it. */
export class TlsStream implements Stream {
  readonly #below: Stream;
  readonly #socket: TLSSocket;
  #left: Uint8Array | undefined;
  #isShaken = false;
  #isEnded = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(below: Stream, secureContext: SecureContext) {
    this.#below = below;
    // The end of the handshake and the first answer are two writes.
    sendAtOnce(below);
    const socket = new TLSSocket(duplexOver(below) as never, { isServer: true, secureContext });
    this.#socket = socket;
    const fail = (error?: Error) => {
      this.#error ??= error ?? new Deno.errors.ConnectionReset("The connection was closed");
      this.#wakeUp();
    };
    socket.on("secure", () => void (this.#isShaken = true));
    socket.on("readable", () => this.#wakeUp());
    socket.on("end", () => {
      this.#isEnded = true;
      this.#wakeUp();
    });
    socket.on("error", fail);
    socket.on("close", () => fail());
  }

  get remoteAddr(): Deno.NetAddr {
    return this.#below.remoteAddr;
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const bytes = this.#left ?? this.#socket.read() as Uint8Array | null;
      if (bytes) {
        const count = Math.min(bytes.length, into.length);
        into.set(bytes.subarray(0, count));
        this.#left = count < bytes.length ? bytes.subarray(count) : undefined;
        return count;
      }
      if (this.#isEnded) return null;
      if (this.#error) throw this.#error;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** @throws {Error} The client is gone, or has not finished the handshake: nothing can be said to it. */
  write(bytes: Uint8Array): Promise<number> {
    if (!this.#isShaken) return Promise.reject(new Deno.errors.NotConnected("The handshake is not finished"));
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  finish(): Promise<void> {
    return this.closeWrite();
  }

  /** Tells the client that nothing more comes (RFC 8446, 6.1), and then the same by TCP. */
  closeWrite(): Promise<void> {
    if (!this.#isShaken || this.#error) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#socket.once("error", reject);
      this.#socket.once("close", resolve);
      this.#socket.end(resolve);
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#below.close();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function duplexOver(below: Stream): Duplex {
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await below.write(bytes.subarray(at));
  };
  const duplex = new Duplex({
    highWaterMark: WAITING_BYTES,
    read() {
      const buffer = lendInput();
      below.read(buffer).then((count) => {
        this.push(count === null ? null : buffer.slice(0, count));
        returnInput(buffer);
      }, (error) => this.destroy(error));
    },
    write: (bytes, _encoding, done) => void write(bytes).then(() => done(), done),
    final: (done) => void below.closeWrite().then(() => done(), done),
  });
  // The TLS socket tells its owner; without a listener here, the same error would end the thread.
  duplex.on("error", () => {});
  return duplex;
}
