import assert from "node:assert/strict";
import { Stopwatch } from "../../../src/balancer/counts/stopwatch.ts";
import { LATENCY_BOUNDS, TIMED_EACH, Work } from "../../../src/balancer/counts/work.ts";

Deno.test({
  name: "stopwatch: a measured time counts in its bucket",
  permissions: "none",
  fn() {
    const work = new Work();
    let nowMs = 5;
    const stopwatch = new Stopwatch(work, undefined, () => nowMs);
    const beganMs = stopwatch.begin();
    nowMs += 0.4;
    stopwatch.end(3, beganMs);
    assert.equal(work.take()!.latency.counts[LATENCY_BOUNDS.indexOf(0.0005)], 3);
  },
});

Deno.test({
  name: "stopwatch: beyond a thousand requests the clock is read for few of them, unless a meter needs each",
  permissions: "none",
  fn() {
    for (const isMetered of [false, true]) {
      let [looks, metered] = [0, 0];
      const meter = isMetered ? { add: (requests: number) => void (metered += requests) } : undefined;
      const work = new Work();
      const stopwatch = new Stopwatch(work, { meter }, () => ++looks);
      for (let i = 0; i < 10 * TIMED_EACH; i++) stopwatch.end(1, stopwatch.begin());
      assert.equal(work.take()!.latency.counts.reduce((sum, count) => sum + count), 10 * TIMED_EACH);
      assert.equal(metered, isMetered ? 10 * TIMED_EACH : 0);
      assert.ok(isMetered ? looks === 20 * TIMED_EACH : looks < 4 * TIMED_EACH, String(looks));
    }
  },
});
