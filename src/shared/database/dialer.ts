import { connect, Socket } from "node:net";
import type { DatabaseHost } from "./database_url.ts";

/** Between two attempts when a connection has ended: a server that hangs up at once is not called all day. */
const PAUSE_MS = 250;
/** The longest that a socket may take to send what was written to it, and to close. */
const CLOSE_MS = 250;

/** Opens the sockets of one postgres.js client, and makes sure that none outlives it. */
export class Dialer {
  readonly #host: DatabaseHost;
  // Looked at instead of listened to: for TLS the library takes away every listener of a socket.
  #sockets: Socket[] = [];
  #dialedMs = -Infinity;
  #closed = false;
  readonly #closing = Promise.withResolvers<void>();

  constructor(host: DatabaseHost) {
    this.#host = host;
  }

  /**
   * A socket on its way to the server; what goes wrong on the way is told by its events. Never rejects: the library
   * would lose the connection that asked from its pool.
   */
  async dial(): Promise<Socket> {
    await this.#pause();
    this.#dialedMs = performance.now();
    // The library asks on after its end. It gets a socket that closes once it listens to its events.
    const socket = this.#closed ? new Socket() : open(this.#host);
    if (this.#closed) setImmediate(() => socket.destroy());
    this.#sockets.push(socket);
    return Object.assign(socket, { host: "path" in this.#host ? "localhost" : this.#host.hostname }); // The name in the server's certificate.
  }

  /** Closes every socket, after what was written to it; resolves once they are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.resolve();
    await new Promise((resolve) => setTimeout(resolve)); // The library asks again from a timer of 0 ms.
    await Promise.all(this.#sockets.filter((socket) => !socket.closed).map(closeSocket));
  }

  async #pause(): Promise<void> {
    const open = this.#sockets.filter((socket) => !socket.destroyed);
    const ended = open.length < this.#sockets.length;
    this.#sockets = open;
    const pauseMs = this.#dialedMs + PAUSE_MS - performance.now();
    if (!ended || pauseMs <= 0) return;
    await until(this.#closing.promise, pauseMs);
  }
}

const open = (host: DatabaseHost): Socket =>
  "path" in host ? connect({ path: host.path }) : connect(host.port, host.hostname);

async function closeSocket(socket: Socket): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once("close", resolve));
  if (socket.connecting) socket.destroy();
  else socket.destroySoon();
  await until(closed, CLOSE_MS);
  socket.destroy();
}

/** Waits for `promise`, and no longer than `ms`. */
async function until(promise: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([promise, late.promise]);
  clearTimeout(timer);
}
