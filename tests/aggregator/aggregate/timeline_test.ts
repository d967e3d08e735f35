import assert from "node:assert/strict";
import fc from "fast-check";
import { Timeline } from "../../../src/aggregator/aggregate/timeline.ts";

function test(name: string, fn: () => void): void {
  Deno.test({ name: `timeline: ${name}`, permissions: "none", fn });
}

test("follows the monotonic clock, and the wall clock when it goes forward", () => {
  const cases: [
    name: string,
    monotonicMs: number,
    wallMs: number,
    nowMs: number,
    step: string | undefined,
  ][] = [
    ["both clocks advance", 1_000, 1_001_000, 1_001_000, undefined],
    ["the wall clock is a little ahead", 2_000, 1_002_099, 1_002_099, undefined],
    ["the wall clock is a little behind", 3_000, 1_003_001, 1_003_099, undefined],
    ["the wall clock steps forward", 4_000, 1_064_099, 1_064_099, "forward by 60000"],
    ["the wall clock steps back", 5_000, 1_005_099, 1_065_099, "back by 60000"],
    ["the same step is reported once", 6_000, 1_006_099, 1_066_099, undefined],
    ["the wall clock steps back again", 7_000, 1_006_099, 1_067_099, "back by 1000"],
    ["the wall clock makes up for half of the lead", 8_000, 1_038_099, 1_068_099, undefined],
    ["the wall clock overtakes the timeline", 9_000, 1_069_199, 1_069_199, "forward by 100"],
    ["the monotonic clock stands still in a suspend", 9_000, 4_669_199, 4_669_199, "forward by 3600000"],
    ["the monotonic clock goes back: the timeline stands still", 8_000, 4_669_199, 4_669_199, undefined],
  ];
  const timeline = new Timeline(0, 1_000_000);
  for (const [name, monotonicMs, wallMs, nowMs, expected] of cases) {
    const step = timeline.advance(monotonicMs, wallMs);
    assert.equal(timeline.nowMs, nowMs, name);
    assert.equal(step && `${step.direction} by ${step.byMs}`, expected, name);
  }
});

test("never goes back, and never falls behind either clock", () => {
  const reading = fc.record({
    elapsedMs: fc.nat(10_000),
    wallStepMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
  });
  fc.assert(fc.property(fc.array(reading, { maxLength: 50 }), (readings) => {
    const timeline = new Timeline(0, 1e12);
    let [monotonicMs, wallMs] = [0, 1e12];
    for (const { elapsedMs, wallStepMs } of readings) {
      const before = timeline.nowMs;
      monotonicMs += elapsedMs;
      wallMs += elapsedMs + wallStepMs;
      timeline.advance(monotonicMs, wallMs);
      assert.ok(timeline.nowMs >= before + elapsedMs);
      assert.ok(timeline.nowMs >= wallMs);
    }
  }));
});
