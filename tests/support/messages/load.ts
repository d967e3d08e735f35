import { ReuseportReceiver } from "../../../src/aggregator/receive/reuseport.ts";
import { ReuseportSockets } from "../../../src/aggregator/receive/reuseport_sockets.ts";
import type { Totals } from "../../../src/aggregator/aggregate/partial.ts";
import { type Clock, run, type Transport } from "../../../src/sender/run.ts";
import { openSendmmsg } from "../../../src/sender/sendmmsg.ts";
import { Datagrams, type Totals as SentTotals } from "../../../src/sender/shapes.ts";
import { within } from "../../bench/processes.ts";
import { spawnTask } from "../processes/aggregator_process.ts";
import { TestReceiverHost } from "../simulated/test_receiver_host.ts";

/** The progress of a load at a moment. */
export interface Mark {
  ms: number;
  messages: number;
  sum: number;
}

export interface LoadOptions {
  port: number;
  /** Messages per second. */
  rate: number;
  count?: number;
  seed?: number;
  /** Calls `act` this many milliseconds after the start, then ends the load. */
  breakAt?: { ms: number; act: () => void };
}

export interface Load {
  totals: SentTotals;
  /** One per batch, oldest first. */
  marks: Mark[];
  /** When the load ended. */
  endedMs: number;
}

const sleepWord = new Int32Array(new SharedArrayBuffer(4));
const clock: Clock = {
  now: () => performance.now(),
  block: (ms) => void Atomics.wait(sleepWord, 0, 0, ms),
  idle: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Runs the sender in this thread, so that a test can act between two batches and knows exactly what was sent.
 */
export async function sendLoad(options: LoadOptions): Promise<Load> {
  const { port, rate, count = Infinity, seed = 1, breakAt = { ms: Infinity, act() {} } } = options;
  const datagrams = new Datagrams({ shape: "plain", seed, perDatagram: 1, slots: 64 });
  const inner = openSendmmsg({ hostname: "127.0.0.1", port }, 1, datagrams);
  const totals: SentTotals = { messages: 0, datagrams: 0, A1_sum: 0, A2_max: 0, A3_min: 0 };
  const marks: Mark[] = [];
  const abort = new AbortController();
  const breakMs = performance.now() + breakAt.ms;
  const transport: Transport = {
    send(begin) {
      const nowMs = performance.now();
      marks.push({ ms: nowMs, messages: totals.messages, sum: totals.A1_sum });
      if (nowMs < breakMs) return inner.send(begin);
      breakAt.act();
      abort.abort();
      return 0;
    },
    get refused() {
      return inner.refused;
    },
    close: () => inner.close(),
  };
  try {
    await run({ count, rate, perDatagram: 1, datagrams, transport, clock, signal: abort.signal, totals });
  } finally {
    transport.close();
  }
  return { totals, marks, endedMs: performance.now() };
}

/** The report that the sender prints at its end. */
export interface Sent {
  sent: number;
  datagrams: number;
  A1_sum: number;
  A2_max: number;
  A3_min: number;
}

/** The sender as a process of its own, which keeps sending whatever the test does. */
export class Sender implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #output: Promise<Deno.CommandOutput>;

  constructor(port: number, flags: string[]) {
    this.#process = spawnTask("send", ["--to", `127.0.0.1:${port}`, ...flags]);
    this.#output = this.#process.output();
  }

  /** Waits for the sender's end; returns its report. */
  async end(): Promise<Sent> {
    const { stdout, stderr } = await within(60_000, "the sender: to end", this.#output);
    const text = new TextDecoder().decode(stdout);
    if (text === "") throw new Error(`The sender failed: ${new TextDecoder().decode(stderr)}`);
    return JSON.parse(text);
  }

  /** Ends the sender early; returns its report. */
  stop(): Promise<Sent> {
    this.#signal("SIGTERM");
    return this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal("SIGKILL");
    await this.#output;
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended already.
    }
  }
}

/**
 * A second socket on the service's port. The kernel prefers the service's older sockets, and gives datagrams
 * to this socket once the service accepts no more. So a test knows exactly how many datagrams the service
 * got.
 */
export class Catcher implements Disposable {
  readonly #sockets: ReuseportSockets;
  readonly #receiver = new ReuseportReceiver(64);
  readonly #host = new TestReceiverHost(1);
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(port: number) {
    this.#sockets = new ReuseportSockets("127.0.0.1", port, 1, 26_214_400);
    this.#timer = setInterval(() => this.#drain(), 20);
  }

  /** Returns the totals of all caught datagrams, and how many datagrams this socket dropped. */
  take(): { caught: Totals; dropped: number } {
    this.#drain();
    return { caught: this.#host.totals(), dropped: this.#sockets.dropped() };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#receiver.close();
    this.#sockets.close();
  }

  #drain(): void {
    const { fds, wakeups } = this.#sockets;
    this.#receiver.receive(this.#host, { fds, wakeup: wakeups[0]!, sleepMsMax: 0 });
  }
}
