/**
 * A TCP proxy in front of a server, to simulate faults of the network. It can be cut, which closes
 * connections, or frozen, which holds back every byte without telling either side.
 */
export class Cable implements AsyncDisposable {
  readonly port: number;
  readonly #serverPort: number;
  #listener: Deno.TcpListener | undefined;
  readonly #ends = new Set<Deno.TcpConn>();
  readonly #working = new Set<Promise<void>>();
  #thawed = Promise.resolve();
  #thaw = () => {};

  constructor(serverPort: number) {
    this.#serverPort = serverPort;
    this.port = this.#listen(0);
  }

  /** Closes all connections and refuses new ones. */
  async cut(): Promise<void> {
    this.#listener?.close();
    this.#listener = undefined;
    this.#hangUp();
    await this.#settle();
  }

  mend(): void {
    this.#listen(this.port);
  }

  /** Holds back every byte from now on. New connections are accepted, but get no answer. */
  freeze(): void {
    ({ promise: this.#thawed, resolve: this.#thaw } = Promise.withResolvers<void>());
  }

  /** Lets new connections through. Closes the frozen ones, as happens when a router has forgotten them. */
  thaw(): void {
    this.#hangUp();
    this.#thaw();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    await this.cut();
  }

  #listen(port: number): number {
    const listener = this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#work(this.#accept(listener));
    return listener.addr.port;
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for await (const client of listener) this.#work(this.#join(client));
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    if (this.#listener === undefined) return client.close(); // Accepted just before the cut.
    this.#ends.add(client);
    await this.#thawed;
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#serverPort });
    this.#ends.add(server);
    if (!this.#ends.has(client)) return this.#hangUp();
    await Promise.all([this.#pass(client, server), this.#pass(server, client)]);
  }

  async #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const bytes = new Uint8Array(16_384);
    try {
      for (let count; (count = await from.read(bytes)) !== null;) {
        await this.#thawed;
        for (let sent = 0; sent < count;) sent += await to.write(bytes.subarray(sent, count));
      }
    } catch {
      // The other end has closed, or the cable was cut.
    }
    for (const end of [from, to]) {
      if (this.#ends.delete(end)) end.close();
    }
  }

  #hangUp(): void {
    for (const end of this.#ends) end.close();
    this.#ends.clear();
  }

  #work(work: Promise<void>): void {
    this.#working.add(work);
    work.finally(() => this.#working.delete(work));
  }

  async #settle(): Promise<void> {
    while (this.#working.size > 0) await Promise.allSettled([...this.#working]);
  }
}
