/**
 * A server that answers every request with 200, as a healthy CDN does. It can be stopped and started again.
 */
export class Answerer implements AsyncDisposable {
  readonly port: number;
  #listener: Deno.Listener | undefined;
  readonly #connections = new Set<Deno.Conn>();

  /** Listens on a free port of 127.0.0.1; `start` uses the same port again. */
  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    this.#serve(this.#listener);
  }

  start(): void {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
    this.#serve(this.#listener);
  }

  /** Closes all connections and refuses new ones. */
  stop(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const connection of this.#connections) this.#close(connection);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  async #serve(listener: Deno.Listener): Promise<void> {
    for await (const connection of listener) {
      this.#connections.add(connection);
      this.#answer(connection);
    }
  }

  async #answer(connection: Deno.Conn): Promise<void> {
    try {
      const bytes = new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      if (await connection.read(new Uint8Array(4096)) !== null) await connection.write(bytes);
    } catch {
      // `stop` closed the connection in the middle of an answer.
    }
    this.#close(connection);
  }

  #close(connection: Deno.Conn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}
