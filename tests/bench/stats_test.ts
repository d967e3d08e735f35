import assert from "node:assert/strict";
import fc from "fast-check";
import { type Sample, spread, summarize } from "./stats.ts";

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `bench stats: ${name}`, permissions: "none", fn });

for (
  const [values, median] of [[[7], 7], [[3, 1, 2], 2], [[10, 9, 1, 2], 5.5], [[1, 1, 1, 100], 1]] as const
) {
  test(`the median of ${values.join(", ")} is ${median}`, () => {
    assert.equal(spread(values).median, median);
  });
}

test("at most half of the values lie below the median, at most half above it, and all between min and max", () => {
  fc.assert(fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
    const { median, min, max } = spread(values);
    const below = values.filter((value) => value < median).length;
    const above = values.filter((value) => value > median).length;
    assert.ok(below <= values.length / 2 && above <= values.length / 2);
    assert.equal(min, Math.min(...values));
    assert.equal(max, Math.max(...values));
  }));
});

test("the spread of no values is an error", () => {
  assert.throws(() => spread([]), RangeError);
});

const sample = (contender: string, run: number, ns: number, load = "l"): Sample => ({
  load,
  contender,
  run,
  figures: { ns },
});
const one = (value: number) => ({ median: value, min: value, max: value });

test("ratios are computed per run, so a run that is slow for both does not show", () => {
  const samples = [[1, 100], [2, 900], [3, 110]].flatMap(([run, ns]) => [
    sample("ours", run!, ns! * 2),
    sample("base", run!, ns!),
    sample("ours", run!, ns! * 3, "m"),
  ]);
  const [ours, base, other] = summarize(samples, "base", ["ns"]);
  assert.deepEqual(ours!.ratios, { ns: one(2) });
  assert.deepEqual(base!.ratios, { ns: one(1) });
  assert.deepEqual(ours!.figures["ns"], { median: 220, min: 200, max: 1800 });
  assert.deepEqual([ours, base, other].map((each) => each!.toFirstLoad), [one(1), one(1), one(1.5)]);
});

test("runs that only one of the two contenders finished, and other loads, give no ratio", () => {
  const samples = [
    sample("ours", 1, 10),
    sample("ours", 2, 30),
    sample("base", 2, 10),
    sample("ours", 3, 5, "m"),
  ];
  const [ours, , other] = summarize(samples, "base", ["ns"]);
  assert.deepEqual(ours!.ratios, { ns: one(3) });
  assert.equal(ours!.runs, 2);
  assert.equal(other!.load, "m");
  assert.deepEqual([other!.ratios, other!.toFirstLoad], [{}, null]);
});

test("a figure that not every load has is compared under the loads that have it", () => {
  const withP99 = (each: Sample, p99: number): Sample => ({ ...each, figures: { ...each.figures, p99 } });
  const samples = [
    withP99(sample("ours", 1, 10), 4),
    withP99(sample("base", 1, 10), 2),
    sample("ours", 1, 8, "m"),
    sample("base", 1, 16, "m"),
  ];
  assert.deepEqual(summarize(samples, "base", ["ns", "p99"]).map(({ ratios }) => ratios), [
    { ns: one(1), p99: one(2) },
    { ns: one(1), p99: one(1) },
    { ns: one(0.5) },
    { ns: one(1) },
  ]);
});
