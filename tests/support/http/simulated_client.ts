/** Clients without a network. Each holds one end of a connection; the tested listener serves the other. */
import type { Acceptor } from "../../../src/shared/http/listener.ts";
import { textOf } from "../../../src/shared/http/latin1.ts";
import { latin1 } from "./requests.ts";

const ADDRESS: Deno.NetAddr = { transport: "tcp", hostname: "192.0.2.1", port: 40_000 };

/** Waits 200 microtasks, so that everything which waits only for settled promises goes on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await undefined;
}

export class SimulatedClient {
  readonly #sent: Uint8Array[] = [];
  #hasEnded = false;
  #waiting: PromiseWithResolvers<number | null> | undefined;
  #buffer: Uint8Array | undefined;
  #blocked: (() => void)[] = [];
  /** The text of each write by the service. */
  readonly writes: string[] = [];
  /** While this is false, no write completes. */
  takesAnswers = true;
  /** The maximum number of bytes that one write accepts. */
  writeBytesMax = Infinity;
  /** Whether the service has ended its side of the connection. */
  isEnded = false;
  /** Whether the service has closed the connection. */
  isClosed = false;
  /** Whether the service has set TCP_NODELAY. */
  hasNoDelay = false;

  get received(): string {
    return this.writes.join("");
  }

  send(text: string): void {
    this.#sent.push(latin1(text));
    this.#deliver();
  }

  end(): void {
    this.#hasEnded = true;
    this.#deliver();
  }

  takeAnswers(): void {
    this.takesAnswers = true;
    for (const resume of this.#blocked.splice(0)) resume();
  }

  #deliver(): void {
    const { promise: _, resolve } = this.#waiting ?? {};
    if (!resolve) return;
    const next = this.#sent.shift();
    if (next === undefined && !this.#hasEnded) return;
    this.#waiting = undefined;
    if (next === undefined) return resolve(null);
    const taken = next.subarray(0, this.#buffer!.length);
    if (taken.length < next.length) this.#sent.unshift(next.subarray(taken.length));
    this.#buffer!.set(taken);
    resolve(taken.length);
  }

  /** The service's end of the connection. */
  readonly conn = {
    remoteAddr: ADDRESS,
    read: (buffer: Uint8Array) => {
      if (this.isClosed) return Promise.reject(new Deno.errors.BadResource("closed"));
      this.#waiting = Promise.withResolvers<number | null>();
      this.#buffer = buffer;
      const { promise } = this.#waiting;
      this.#deliver();
      return promise;
    },
    write: async (bytes: Uint8Array) => {
      if (!this.takesAnswers) await new Promise<void>((resume) => this.#blocked.push(resume));
      if (this.isClosed) throw new Deno.errors.BadResource("closed");
      const taken = bytes.subarray(0, this.writeBytesMax);
      this.writes.push(textOf(taken, 0, taken.length));
      return taken.length;
    },
    closeWrite: () => Promise.resolve(void (this.isEnded = true)),
    close: () => {
      this.isClosed = this.isEnded = true;
      this.#waiting?.reject(new Deno.errors.Interrupted("closed"));
      this.#waiting = undefined;
      for (const resume of this.#blocked.splice(0)) resume();
    },
    setNoDelay: (noDelay = true) => void (this.hasNoDelay = noDelay),
  } as unknown as Deno.TcpConn;
}

/** Accepts simulated clients, in place of a listening socket. */
export class SimulatedAcceptor implements Acceptor {
  readonly #queue: (SimulatedClient | Error)[] = [];
  #accepting: PromiseWithResolvers<Deno.Conn<Deno.NetAddr>> | undefined;
  readonly addr = { ...ADDRESS, port: 8080 };
  isClosed = false;

  /** How many clients have not been accepted yet. */
  get left(): number {
    return this.#queue.length;
  }

  connect(client = new SimulatedClient()): SimulatedClient {
    this.#queue.push(client);
    this.#deliver();
    return client;
  }

  fail(message: string): void {
    this.#queue.push(new Error(message));
    this.#deliver();
  }

  accept(): Promise<Deno.Conn<Deno.NetAddr>> {
    this.#accepting = Promise.withResolvers();
    const { promise } = this.#accepting;
    this.#deliver();
    return promise;
  }

  close(): void {
    this.isClosed = true;
    this.#accepting?.reject(new Deno.errors.BadResource("closed"));
  }

  #deliver(): void {
    if (!this.#accepting || this.#queue.length === 0) return;
    const next = this.#queue.shift()!;
    const { resolve, reject } = this.#accepting;
    this.#accepting = undefined;
    if (next instanceof Error) reject(next);
    else resolve(next.conn);
  }
}
