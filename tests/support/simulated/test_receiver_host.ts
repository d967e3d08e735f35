import { Control, createControl, signalStop } from "../../../src/aggregator/worker_protocol.ts";
import { Accumulator, type Totals, totalsOf } from "../../../src/aggregator/aggregate/partial.ts";
import type { ReceiverHost } from "../../../src/aggregator/receive/receiver.ts";

/** A receiver's host in the test's thread. It signals the stop once it was asked to look `looksMax` times. */
export class TestReceiverHost implements ReceiverHost {
  readonly into = new Accumulator();
  readonly control = createControl(1);
  looks = 0;
  noted = 0;
  readonly #looksMax: number;

  constructor(looksMax: number) {
    this.#looksMax = looksMax;
  }

  look(): boolean {
    if (++this.looks >= this.#looksMax) signalStop(this.control);
    return Atomics.load(this.control, Control.stop) === 0;
  }

  note(datagrams: number): void {
    this.noted += datagrams;
  }

  totals(): Totals {
    return totalsOf(this.into.take());
  }
}
