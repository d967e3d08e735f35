import assert from "node:assert/strict";
import {
  Control,
  createControl,
  pulseOf,
  readsOf,
  signalMinute,
  signalStop,
  signalTick,
  transferListOf,
} from "../../src/aggregator/worker_protocol.ts";

function test(name: string, fn: () => void): void {
  Deno.test({ name: `worker protocol: ${name}`, permissions: "none", fn });
}

test("a tick sets the window and changes the tick word; a stop changes the tick word too, to wake sleeping workers", () => {
  const control = createControl(2);
  signalTick(control, 7);
  assert.deepEqual([...control], [1, 7, 0, 0, 0, 0, 0, 0]);
  signalStop(control);
  assert.deepEqual([...control], [2, 7, 1, 0, 0, 0, 0, 0]);
  const words = [0, 1].flatMap((worker) => [pulseOf(worker), readsOf(worker)]);
  assert.deepEqual(words, [4, 5, 6, 7], "each worker has words of its own");
});

test("a minute changes its own word only, so that no worker wakes up", () => {
  const control = createControl(0);
  signalMinute(control);
  assert.deepEqual([...control], [0, 0, 0, 1]);
});

test("the tick word changes even when it wraps around", () => {
  const control = createControl(0);
  control[Control.tick] = 2 ** 31 - 1;
  signalTick(control, 0);
  assert.equal(control[Control.tick], -(2 ** 31));
});

test("a partial is transferred, not copied", () => {
  const buffer = new ArrayBuffer(8);
  assert.deepEqual(transferListOf({ kind: "partial", window: 0, next: 0, buffer }), [buffer]);
  assert.deepEqual(transferListOf({ kind: "stopped" }), []);
});
