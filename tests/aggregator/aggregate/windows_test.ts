import assert from "node:assert/strict";
import fc from "fast-check";
import { emptyTotals, type Totals } from "../../../src/aggregator/aggregate/partial.ts";
import {
  type ClosedWindow,
  Windows,
  type WindowsOptions,
} from "../../../src/aggregator/aggregate/windows.ts";

const OPTIONS: WindowsOptions = {
  windowSeconds: [10, 60],
  align: "start",
  patienceMs: 1000,
  jumpRecordsSecondsMax: 3600,
};

function test(name: string, fn: () => void): void {
  Deno.test({ name: `windows: ${name}`, permissions: "none", fn });
}

function totals(...values: number[]): Totals {
  const big = values.map(BigInt).sort((a, b) => Number(a - b));
  const sum = big.reduce((a, b) => a + b, 0n);
  return { ...emptyTotals(), accepted: values.length, sum, max: big.at(-1), min: big[0] };
}

function brief(closed: ClosedWindow[]): string[] {
  return closed.map((window) =>
    `${window.timestampSeconds} ${window.lengthSeconds}s ${window.sum} ${window.max} ${window.min}` +
    (window.partial ? " partial" : "")
  );
}

test("a window closes when every source has moved on to the next one; base windows come first", () => {
  const windows = new Windows({ ...OPTIONS, windowSeconds: [1, 2] }, 100_300);
  [0, 1].forEach((source) => windows.join(source));
  assert.equal(windows.openEndsMs, 101_000);
  windows.add(0, 0, 0, totals(5, 7));
  assert.deepEqual(windows.advance(100_999), []);
  assert.deepEqual(windows.advance(101_000), []);
  assert.equal(windows.open, 1);
  windows.add(0, 0, 1, totals(1));
  assert.deepEqual(windows.advance(101_010), [], "source 1 has not moved on");
  windows.add(1, 0, 1, totals(-3));
  assert.deepEqual(brief(windows.advance(101_020)), ["101 1s 10 7 -3"]);
  windows.add(0, 1, 2, totals());
  windows.add(1, 1, 2, totals(100));
  assert.deepEqual(brief(windows.advance(102_000)), ["102 1s 100 100 100", "102 2s 110 100 -3"]);
});

test("a silent source delays a window by the patience at most; its messages then count as late", () => {
  const windows = new Windows(OPTIONS, 0);
  [0, 1].forEach((source) => windows.join(source));
  windows.advance(10_000);
  windows.add(0, 0, 1, totals(1));
  assert.deepEqual(windows.advance(10_999), []);
  assert.deepEqual(brief(windows.advance(11_000)), ["10 10s 1 1 1"]);
  windows.add(1, 0, 1, totals(2, 3));
  assert.equal(windows.late, 2);
  windows.add(0, 1, 2, totals());
  windows.add(1, 1, 2, totals());
  assert.deepEqual(brief(windows.advance(20_000)), ["20 10s 5 3 2"]);
});

test("a window does not wait for a source that has left or that joined later", () => {
  const windows = new Windows(OPTIONS, 0);
  [0, 1].forEach((source) => windows.join(source));
  windows.advance(10_000);
  windows.leave(1);
  windows.join(2);
  windows.add(0, 0, 1, totals());
  assert.deepEqual(brief(windows.advance(10_001)), ["10 10s 0 0 0"]);
});

test("align: windows begin at the second of the start, or at multiples of their length in Unix time", () => {
  const cases: [align: "start" | "epoch", ends: number[]][] = [
    ["start", [123456717, 123456727, 123456737, 123456747, 123456757, 123456767, 123456767]],
    ["epoch", [123456710, 123456720, 123456720, 123456730, 123456740, 123456750, 123456760]],
  ];
  for (const [align, ends] of cases) {
    const windows = new Windows({ ...OPTIONS, align }, 123456707_900);
    const closed = Array.from({ length: 60 }, (_, i) => windows.advance(123456708_000 + i * 1000)).flat();
    assert.deepEqual(closed.map((window) => window.timestampSeconds), ends, align);
  }
});

test("a stop closes ended windows as whole ones, and open windows with a message as partial", () => {
  const windows = new Windows(OPTIONS, 100_000);
  windows.join(0);
  windows.add(0, 0, 0, totals(1));
  windows.advance(110_000);
  windows.add(0, 0, 1, totals(2));
  windows.add(0, 1, 1, totals(4));
  assert.deepEqual(brief(windows.stop(110_200)), [
    "110 10s 3 2 1",
    "111 10s 4 4 4 partial",
    "111 60s 7 4 1 partial",
  ]);
  assert.deepEqual(new Windows(OPTIONS, 0).stop(5_000), []);
});

test("a clock jump of more than an hour skips empty records but loses no message", () => {
  const windows = new Windows({ ...OPTIONS, windowSeconds: [10, 60, 7200] }, 0);
  windows.join(0);
  windows.add(0, 0, 0, totals(8));
  windows.advance(1_000_000_000);
  windows.add(0, 0, windows.open, totals(1));
  const closed = windows.advance(1_000_000_001);
  assert.equal(closed.length, 361 + 60 + 1);
  assert.deepEqual(brief(closed).filter((line) => !/ 0 0 0$/.test(line)), [
    "10 10s 9 8 1",
    "60 60s 9 8 1",
    "7200 7200s 9 8 1",
  ]);
  windows.add(0, windows.open, windows.open + 1, totals(2));
  assert.deepEqual(brief(windows.advance(windows.openEndsMs)).slice(0, 1), ["1000010 10s 2 2 2"]);
});

test("any events: one record per window, in order, nothing lost, and base windows add up to the longer ones", () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 25_000 }) }),
    fc.record({ kind: fc.constant("jump" as const), ms: fc.integer({ min: 0, max: 1_000_000 }) }),
    fc.record({
      kind: fc.constant("hand" as const),
      source: fc.nat(2),
      values: fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 3 }),
    }),
  );
  const setup = fc.record({
    lengths: fc.constantFrom([10, 60], [1, 2], [1, 3, 6], [5], [10, 30, 600]),
    align: fc.constantFrom("start" as const, "epoch" as const),
    startMs: fc.nat(10_000_000),
  });
  fc.assert(
    fc.property(setup, fc.array(action, { maxLength: 60 }), ({ lengths, align, startMs }, actions) => {
      const windows = new Windows(
        { ...OPTIONS, windowSeconds: lengths, align, jumpRecordsSecondsMax: 60 },
        startMs,
      );
      const windowBySource = [0, 0, 0];
      windowBySource.forEach((_, source) => windows.join(source));
      const closed: ClosedWindow[] = [];
      let [nowMs, sum] = [startMs, 0n];
      for (const each of actions) {
        if (each.kind === "hand") {
          const handed = totals(...each.values);
          sum += handed.sum;
          windows.add(each.source, windowBySource[each.source]!, windows.open, handed);
          windowBySource[each.source] = windows.open;
        } else nowMs += each.ms;
        closed.push(...windows.advance(nowMs));
      }
      closed.push(...windows.stop(nowMs));
      for (const length of lengths) {
        const own = closed.filter((window) => window.lengthSeconds === length);
        assert.equal(
          own.reduce((total, window) => total + window.sum, 0n),
          sum,
          `the ${length}s records add up`,
        );
        assert.ok(
          own.every((window, i) => i === 0 || window.timestampSeconds > own[i - 1]!.timestampSeconds),
        );
      }
      const order = (window: ClosedWindow) => window.timestampSeconds * 1e6 + window.lengthSeconds;
      assert.ok(closed.every((window, i) => i === 0 || order(window) > order(closed[i - 1]!)), "in order");
      for (const long of closed.filter((window) => window.lengthSeconds > lengths[0]! && !window.partial)) {
        const inside = closed.filter((window) =>
          window.lengthSeconds === lengths[0] && window.timestampSeconds <= long.timestampSeconds &&
          window.timestampSeconds > long.timestampSeconds - long.lengthSeconds
        );
        assert.equal(inside.reduce((total, window) => total + window.sum, 0n), long.sum);
      }
    }),
    { numRuns: 1000 },
  );
});
