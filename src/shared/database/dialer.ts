import { connect, Socket } from "node:net";
import type { DatabaseHost } from "./database_url.ts";

/** Pause between attempts after a connection has ended, so as not to flood a server that hangs up. */
const PAUSE_MS = 250;
/** Deadline for a socket to send the rest of its data and close. */
const CLOSE_MS = 250;

/** Opens the sockets of one postgres.js client, and closes those that are left when the client ends. */
export class Dialer {
  readonly #host: DatabaseHost;
  // The state of sockets is polled: for TLS the library removes all event listeners of a socket.
  #sockets: Socket[] = [];
  #dialedMs = -Infinity;
  #closed = false;
  readonly #closing = Promise.withResolvers<void>();

  constructor(host: DatabaseHost) {
    this.#host = host;
  }

  /**
   * Returns a socket that is connecting to the server; if that fails, the socket emits an error. Never
   * rejects: the library would then lose a connection of its pool.
   */
  async dial(): Promise<Socket> {
    await this.#pause();
    this.#dialedMs = performance.now();
    // The library goes on dialing after it was ended. It gets a socket that is destroyed once the library
    // listens to it.
    const socket = this.#closed ? new Socket() : open(this.#host);
    if (this.#closed) setImmediate(() => socket.destroy());
    this.#sockets.push(socket);
    // The library checks the server's certificate for `host`.
    return Object.assign(socket, { host: "path" in this.#host ? "localhost" : this.#host.hostname });
  }

  /** Closes every socket after the rest of its data; resolves once they are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.resolve();
    await new Promise((resolve) => setTimeout(resolve)); // The library may dial again, from a timer of 0 ms.
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

/** Waits for `promise`, but no longer than `ms`. */
async function until(promise: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([promise, late.promise]);
  clearTimeout(timer);
}
