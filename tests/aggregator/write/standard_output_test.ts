import assert from "node:assert/strict";
import { Sink } from "../../../src/aggregator/write/sink.ts";
import { StandardOutput } from "../../../src/aggregator/write/standard_output.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";
import { line } from "../../support/disk/sink_on_simulated_disk.ts";

/** Makes a sink on stdout. After `hold`, no write to it ends until the returned promise is settled. */
async function openStdout() {
  const clock = new SimulatedClock(1_000_000);
  const entries: LogEntry[] = [];
  const writes: string[] = [];
  let held: PromiseWithResolvers<void> | undefined;
  const stdout = {
    async write(bytes: Uint8Array): Promise<number> {
      writes.push(new TextDecoder().decode(bytes));
      await held?.promise;
      return bytes.length;
    },
  };
  const sink = new Sink({
    path: "-",
    disk: new StandardOutput(clock, stdout),
    clock,
    log: logInto(entries),
    recordsWaitingMax: 3,
  });
  await sink.open();
  return {
    sink,
    writes,
    clock,
    events: () => eventsOf(entries),
    hold: () => held = Promise.withResolvers(),
    /** Flushes, lets `ms` pass, and waits for the end of the flush. */
    async flush(ms = 100) {
      const flushed = sink.flush();
      for (let i = 0; i < 20; i++) await null;
      await clock.pass(ms);
      await flushed;
    },
  };
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `stdout: ${name}`, permissions: "none", fn });
}

test("each record gets its own write", async () => {
  const { sink, writes, flush, events } = await openStdout();
  sink.add([line(1), line(2)]);
  await flush();
  assert.deepEqual(writes, [line(1), line(2)]);
  await sink.close();
  assert.deepEqual([sink.waiting, events()], [[], []]);
});

test("a slow reader counts as a failing file after 100 ms; what it takes later is not written again", async () => {
  const { sink, writes, flush, hold, events } = await openStdout();
  const held = hold();
  sink.add([line(1), line(2)]);
  const flushed = flush(99);
  assert.deepEqual(events(), []);
  await flush(1);
  await flushed;
  assert.deepEqual(events(), ["sink_failing"]);
  await flush();
  assert.deepEqual([writes, sink.waiting], [[line(1)], [line(1), line(2)]]);
  held.resolve();
  await flush();
  assert.deepEqual([writes, events()], [[line(1), line(2)], ["sink_failing", "sink_recovered"]]);
  await sink.close();
});

test("beyond recordsWaitingMax the record of a pending write stays", async () => {
  const { sink, writes, flush, hold } = await openStdout();
  const held = hold();
  sink.add([line(1)]);
  await flush();
  sink.add([line(2), line(3), line(4), line(5)]);
  assert.deepEqual(sink.waiting, [line(1), line(4), line(5)]);
  held.resolve();
  await flush();
  assert.deepEqual(writes, [line(1), line(4), line(5)]);
  await sink.close();
});

test("a write that fails late is logged at the next flush, and then repeated", async () => {
  const { sink, writes, flush, hold, events } = await openStdout();
  const held = hold();
  sink.add([line(1)]);
  await flush();
  held.reject(new Error("Broken pipe (os error 32)"));
  await flush();
  assert.deepEqual(sink.waiting, [line(1)]);
  hold().resolve();
  await flush();
  assert.deepEqual([writes, events()], [[line(1), line(1)], ["sink_failing", "sink_recovered"]]);
  await sink.close();
});
