import type { WorkerEvents, WorkerHandle } from "../../src/aggregator/worker_pool.ts";
import { Control, pulseOf, readsOf, type ToWorker } from "../../src/aggregator/worker_protocol.ts";
import { Accumulator } from "../../src/aggregator/aggregate/partial.ts";
import { Batch, scanDatagram } from "../../src/aggregator/parse/scanner.ts";

/** A message as the oracle remembers it. */
export interface Message {
  readonly a1: bigint;
  readonly a2: number;
  readonly a3: number;
  /** When a worker read it, in milliseconds of simulated time. */
  readAtMs: number;
}

/** What a worker hands over to the master at once. */
export interface HandedBatch {
  worker: number;
  /** The number of the base window that it was read into, and of the window that is open now. */
  window: number;
  next: number;
  datagrams: number;
  messages: Message[];
  /** The worker hung at some time before this hand-over. */
  delayed: boolean;
}

/** What a worker tells the oracle. */
export interface WorkerWitness {
  handedOver(what: HandedBatch): void;
  /** The worker died. `datagrams` is how many it had read but not handed over. */
  died(datagrams: number): void;
}

const encoder = new TextEncoder();

/** A worker without a thread. It scans real bytes and speaks the real protocol, whenever it is called. */
export class SimulatedWorker implements WorkerHandle {
  readonly #events: WorkerEvents;
  readonly #witness: WorkerWitness;
  readonly #into = new Accumulator();
  #control = new Int32Array(new SharedArrayBuffer(0));
  #tick = 0;
  #held: HandedBatch = { worker: 0, window: 0, next: 0, datagrams: 0, messages: [], delayed: false };
  #state: "starting" | "parked" | "receiving" | "ended" = "starting";
  #hangs = false;

  constructor(events: WorkerEvents, witness: WorkerWitness) {
    this.#events = events;
    this.#witness = witness;
  }

  /** The worker reads a socket and does not hang. */
  get receiving(): boolean {
    return this.#state === "receiving" && !this.#hangs;
  }

  /** The current tick in its control word. */
  get tick(): number | undefined {
    return this.#control[Control.tick];
  }

  /** From now on the worker does nothing, until `resume`. */
  hang(): void {
    this.#hangs = this.#held.delayed = true;
  }

  resume(): void {
    this.#hangs = false;
  }

  post(message: ToWorker): void {
    if (message.kind === "prepare") {
      this.#control = message.control;
      this.#held.worker = message.worker;
      queueMicrotask(() => this.#events.said({ kind: "ready", held: [] }));
      this.#state = "parked";
    } else {
      this.#tick = Atomics.load(this.#control, Control.tick);
      this.#held.window = Atomics.load(this.#control, Control.window);
      this.#state = "receiving";
    }
  }

  terminate(): void {
    if (this.#state === "receiving") this.#witness.died(this.#held.datagrams);
    this.#state = "ended";
  }

  /** Reads one datagram. `messages` are the messages that must be accepted from it. */
  read(datagram: string, messages: readonly Message[]): void {
    this.look();
    if (!this.receiving) throw new Error("Only a receiving worker reads");
    Atomics.add(this.#control, readsOf(this.#held.worker), 1);
    const bytes = encoder.encode(datagram);
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, this.#into);
    this.#held.datagrams++;
    this.#held.messages.push(...messages);
  }

  die(): void {
    this.terminate();
    this.#events.died("the simulation ended it");
  }

  /** Looks at the control word, as a real worker does once per batch. */
  look(): void {
    if (!this.receiving) return;
    const control = this.#control;
    Atomics.add(control, pulseOf(this.#held.worker), 1);
    const tick = Atomics.load(control, Control.tick);
    if (tick !== this.#tick) {
      this.#tick = tick;
      this.#handOver();
    }
    if (Atomics.load(control, Control.stop) === 0) return;
    this.#handOver();
    this.#state = "ended";
    this.#events.said({ kind: "stopped" });
  }

  #handOver(): void {
    const next = Atomics.load(this.#control, Control.window);
    const what = { ...this.#held, next };
    this.#held = { worker: what.worker, window: next, next, datagrams: 0, messages: [], delayed: false };
    this.#witness.handedOver(what);
    this.#events.said({ kind: "partial", window: what.window, next, buffer: this.#into.take() });
  }
}
