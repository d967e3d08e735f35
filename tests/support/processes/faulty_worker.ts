/** The real worker, but it fails when a message orders that. See faulty_orders.ts. */
import "../../../src/aggregator/worker.ts";
import { Accumulator } from "../../../src/aggregator/aggregate/partial.ts";
import { type Order, ORDERS } from "./faulty_orders.ts";

const pause = new Int32Array(new SharedArrayBuffer(4));
let pauseMs = 0;

const scope = self as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: (event: MessageEvent<{ kind: string; worker?: number }>) => void;
  close(): void;
};

/** Longer than a worker may be silent. */
const DOZE_MS = 3000;

const OUTCOMES: Record<Order, () => void> = {
  fail() {
    throw new Error("ordered to fail");
  },
  crash() {
    scope.postMessage = () => {
      throw new Error("ordered to crash");
    };
    scope.postMessage(undefined, []);
  },
  close() {
    scope.postMessage = () => {};
    scope.close();
    throw new Error("ordered to close");
  },
  hang() {
    Atomics.wait(pause, 0, 0);
  },
  spin() {
    for (;;);
  },
  doze() {
    Atomics.wait(pause, 0, 0, DOZE_MS);
  },
  slow() {
    pauseMs = 20;
  },
};

/** Every message with small integers passes through here, on its way from the scanner to an accumulator. */
const { addSmall } = Accumulator.prototype;
Accumulator.prototype.addSmall = function (sum, max, min, messages) {
  const order = ORDERS.get(max);
  if (order === undefined) return addSmall.call(this, sum, max, min, messages);
  addSmall.call(this, sum, 0, min, messages);
  OUTCOMES[order]();
};

let worker: number | undefined;
let reads = 0;

/** A worker counts its reads with `Atomics.add`. The first count shows that it reads its socket. */
const { add } = Atomics;
Object.assign(Atomics, {
  add(words: Int32Array, index: number, value: number): number {
    const before = add(words, index, value);
    // The first call adds to the pulse, the second to the reads.
    if (reads++ === 1) console.error(JSON.stringify({ event: "reads", worker, time: new Date() }));
    if (pauseMs > 0) Atomics.wait(pause, 0, 0, pauseMs);
    return before;
  },
});

const { onmessage } = scope;
scope.onmessage = (event) => {
  worker ??= event.data.worker;
  onmessage(event);
};
