import assert from "node:assert/strict";
import { Watch, type WatchOptions } from "../../../src/balancer/store/watch.ts";
import { Deliveries } from "../../support/database/deliveries.ts";

/** A watch whose reads the test answers, and everything that the watch reports. */
class Simulation {
  readonly told = new Deliveries<number>();
  readonly reached = new Deliveries<boolean>();
  readonly reads = new Deliveries<PromiseWithResolvers<number>>();
  readonly watch: Watch<number>;

  constructor(options: Pick<WatchOptions<number>, "rereadMs" | "retryMs"> = {}) {
    this.watch = new Watch({
      read: () => {
        const read = Promise.withResolvers<number>();
        this.reads.take(read);
        return read.promise;
      },
      changed: this.told.take,
      reached: this.reached.take,
      ...options,
    });
  }

  /** Waits for the read with the number `count`, counted from 1, and answers it. */
  async answer(count: number, value: number | Error): Promise<void> {
    await this.reads.until(() => this.reads.all.length >= count);
    assert.equal(this.reads.all.length, count, "reads are one after the other");
    const read = this.reads.last!;
    if (value instanceof Error) read.reject(value);
    else read.resolve(value);
  }

  async stop(): Promise<void> {
    const stopped = this.watch.stop();
    this.reads.last!.resolve(0);
    await stopped;
  }
}

const gone = new Error("gone");

Deno.test({
  name: "watch: any number of wakes during a read leads to one more read, which reports the last state",
  permissions: "none",
  async fn() {
    const simulation = new Simulation();
    for (let wake = 0; wake < 5; wake++) simulation.watch.wake();
    await simulation.answer(1, 1);
    await simulation.watch.tried;
    assert.deepEqual(simulation.told.all, [1]);
    await simulation.answer(2, 2);
    await simulation.told.until((state) => state === 2);
    simulation.watch.wake();
    simulation.watch.wake();
    await simulation.answer(3, 3);
    await simulation.told.until((state) => state === 3);
    assert.deepEqual(simulation.reached.all, [true]);
    await simulation.stop();
    assert.equal(simulation.reads.all.length, 3);
  },
});

Deno.test({
  name: "watch: an unchanged state is reported once, and again after an outage",
  permissions: "none",
  async fn() {
    const simulation = new Simulation({ retryMs: 1 });
    await simulation.answer(1, 7);
    await simulation.told.until((state) => state === 7);
    simulation.watch.wake();
    await simulation.answer(2, 7);
    simulation.watch.wake();
    await simulation.answer(3, gone);
    await simulation.reached.until((up) => !up);
    assert.deepEqual(simulation.told.all, [7]);
    await simulation.answer(4, gone);
    await simulation.answer(5, 7);
    await simulation.reached.until((up) => up);
    assert.deepEqual([simulation.told.all, simulation.reached.all], [[7, 7], [true, false, true]]);
    await simulation.stop();
  },
});

Deno.test({
  name: "watch: with the database down the first attempt still ends",
  permissions: "none",
  async fn() {
    const simulation = new Simulation({ retryMs: 1 });
    await simulation.answer(1, gone);
    await simulation.watch.tried;
    assert.deepEqual([simulation.told.all, simulation.reached.all], [[], [false]]);
    await simulation.answer(2, 1);
    await simulation.told.until((state) => state === 1);
    await simulation.stop();
  },
});

Deno.test({
  name: "watch: during an outage wakes do not shorten the pause between attempts",
  permissions: "none",
  async fn() {
    let reads = 0;
    const failed = Promise.withResolvers<void>();
    const watch = new Watch({
      read() {
        reads++;
        watch?.wake(); // A failing connection wakes the watch in the same way.
        return Promise.reject(gone);
      },
      changed: () => assert.fail("nothing was read"),
      reached: () => failed.resolve(),
      retryMs: 60_000,
    });
    await failed.promise;
    await watch.tried;
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(reads, 1);
    await watch.stop();
  },
});

Deno.test({
  name: "watch: it reads again from time to time without a wake",
  permissions: "none",
  async fn() {
    const simulation = new Simulation({ rereadMs: 1 });
    await simulation.answer(1, 1);
    await simulation.answer(2, 2);
    assert.deepEqual(await simulation.told.until((state) => state === 2), 2);
    await simulation.stop();
  },
});

Deno.test({
  name: "watch: after a stop it reports nothing",
  permissions: "none",
  async fn() {
    for (const answer of [1, gone]) {
      const simulation = new Simulation();
      const stopped = simulation.watch.stop();
      await simulation.answer(1, answer);
      await stopped;
      assert.deepEqual([simulation.told.all, simulation.reached.all], [[], []]);
    }
  },
});
