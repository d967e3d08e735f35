import { Control, type FromWorker, pulseOf, readsOf } from "../worker_protocol.ts";
import { Accumulator } from "../aggregate/partial.ts";
import type { ReceiverHost } from "./receiver.ts";
import { Sampler } from "./sampler.ts";

/**
 * Adds up what a worker's receiver reads, and hands it over to the master at every tick of the control word.
 */
export class HandOver implements ReceiverHost {
  readonly into = new Accumulator();
  readonly sampler: Sampler | undefined;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly #post: (message: FromWorker) => void;
  readonly #pulse: number;
  readonly #reads: number;
  #tick: number;
  #window: number;

  /** The first hand-over is for the window that is open now, at the next tick. */
  constructor(
    control: Int32Array<SharedArrayBuffer>,
    worker: number,
    post: (message: FromWorker) => void,
    sampling = false,
  ) {
    if (sampling) this.sampler = new Sampler(control, post);
    this.control = control;
    this.#post = post;
    this.#pulse = pulseOf(worker);
    this.#reads = readsOf(worker);
    this.#tick = Atomics.load(control, Control.tick);
    this.#window = Atomics.load(control, Control.window);
  }

  look(): boolean {
    Atomics.add(this.control, this.#pulse, 1);
    const tick = Atomics.load(this.control, Control.tick);
    if (tick !== this.#tick) {
      this.#tick = tick;
      // No message while there is nothing to hand over and the window is the same.
      // Measured once: this saves 170 of 550 ms of CPU time in an idle minute.
      if (!this.into.isEmpty || Atomics.load(this.control, Control.window) !== this.#window) this.handOver();
    }
    return Atomics.load(this.control, Control.stop) === 0;
  }

  note(datagrams: number): void {
    Atomics.add(this.control, this.#reads, datagrams);
  }

  /** Posts what was added up. What is read from now on counts in the window that is open now. */
  handOver(): void {
    const next = Atomics.load(this.control, Control.window);
    this.#post({ kind: "partial", window: this.#window, next, buffer: this.into.take() });
    this.#window = next;
  }
}
