/**
 * TLS by `node:tls`, over a TCP connection that the listener has accepted. Measured once: `Deno.listenTls`
 * takes half the CPU time. But before the end of the handshake its `close` does not close the TCP connection,
 * so that a silent client keeps a descriptor for as long as it likes (seen with Deno 2.9.6). Here `close`
 * always closes the TCP connection.
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

/** The high-water mark of each direction, in bytes: room for a few requests and their answers. */
const HIGH_WATER_MARK = 4096;

/** Makes the TLS context for new connections. Players that only know TLS 1.1 or older are not served. */
export const tlsContext = (certificate: Certificate): SecureContext =>
  createSecureContext({ ...certificate, minVersion: "TLSv1.2" });

/**
 * Tries a TLS handshake with the certificate, between a server and a client inside this thread.
 *
 * @throws {Error} The handshake fails: the certificate can't be used for TLS.
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

/**
 * The server's side of a TLS connection. The handshake begins at once. Reads wait for its end; writes before
 * its end fail.
 */
export class TlsStream implements Stream {
  readonly #tcp: Stream;
  readonly #socket: TLSSocket;
  /** Decrypted bytes that did not fit into the buffer of the last read. */
  #unread: Uint8Array | undefined;
  #isHandshakeDone = false;
  #isEnded = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(tcp: Stream, secureContext: SecureContext) {
    this.#tcp = tcp;
    // The first answer must not wait for the acknowledgement of the handshake's last message.
    sendAtOnce(tcp);
    const socket = new TLSSocket(duplexOver(tcp) as never, { isServer: true, secureContext });
    this.#socket = socket;
    const fail = (error?: Error) => {
      this.#error ??= error ?? new Deno.errors.ConnectionReset("The connection was closed");
      this.#wakeUp();
    };
    socket.on("secure", () => void (this.#isHandshakeDone = true));
    socket.on("readable", () => this.#wakeUp());
    socket.on("end", () => {
      this.#isEnded = true;
      this.#wakeUp();
    });
    socket.on("error", fail);
    socket.on("close", () => fail());
  }

  get remoteAddr(): Deno.NetAddr {
    return this.#tcp.remoteAddr;
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const bytes = this.#unread ?? this.#socket.read() as Uint8Array | null;
      if (bytes) {
        const count = Math.min(bytes.length, into.length);
        into.set(bytes.subarray(0, count));
        this.#unread = count < bytes.length ? bytes.subarray(count) : undefined;
        return count;
      }
      if (this.#isEnded) return null;
      if (this.#error) throw this.#error;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** @throws {Error} The client is gone, or the handshake is not finished, so that nothing can be sent. */
  write(bytes: Uint8Array): Promise<number> {
    if (!this.#isHandshakeDone) {
      return Promise.reject(new Deno.errors.NotConnected("The handshake is not finished"));
    }
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  finish(): Promise<void> {
    return this.closeWrite();
  }

  /** Sends close_notify (RFC 8446, 6.1), which tells the client that the data is complete, then ends TCP. */
  closeWrite(): Promise<void> {
    if (!this.#isHandshakeDone || this.#error) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#socket.once("error", reject);
      this.#socket.once("close", resolve);
      this.#socket.end(resolve);
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#tcp.close();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function duplexOver(tcp: Stream): Duplex {
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await tcp.write(bytes.subarray(at));
  };
  const duplex = new Duplex({
    highWaterMark: HIGH_WATER_MARK,
    read() {
      const buffer = lendInput();
      tcp.read(buffer).then((count) => {
        this.push(count === null ? null : buffer.slice(0, count));
        returnInput(buffer);
      }, (error) => this.destroy(error));
    },
    write: (bytes, _encoding, done) => void write(bytes).then(() => done(), done),
    final: (done) => void tcp.closeWrite().then(() => done(), done),
  });
  // The TLS socket reports the error to its owner. Without a listener here, the error would end the thread.
  duplex.on("error", () => {});
  return duplex;
}
