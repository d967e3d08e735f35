import assert from "node:assert/strict";
import fc from "fast-check";
import { Buckets, cellsOf, quantile } from "../../../src/shared/metrics/buckets.ts";

Deno.test({
  name: "buckets: a value counts in the first bucket whose bound is not below it",
  permissions: "none",
  fn() {
    const buckets = new Buckets([1, 10]);
    for (const value of [0, 1, 1.5, 10, 10.5, Infinity]) buckets.observe(value);
    assert.deepEqual(buckets.counts(), { bounds: [1, 10], counts: [2, 2, 2], sum: Infinity });
    assert.throws(() => new Buckets([1], new Float64Array(2)), RangeError);
  },
});

Deno.test({
  name: "buckets: every value is counted once, and shared memory shows the same counts to another reader",
  permissions: "none",
  fn() {
    const bounds = [0.001, 0.1, 5];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ noNaN: true, min: -1, max: 10 }), fc.nat(9))), (values) => {
        const cells = new Float64Array(new SharedArrayBuffer(8 * cellsOf(bounds)));
        const buckets = new Buckets(bounds, cells);
        for (const [value, times] of values) buckets.observe(value, times);
        const { counts } = new Buckets(bounds, cells).counts();
        assert.deepEqual(
          counts,
          [-Infinity, ...bounds].map((above, i) =>
            values.filter(([value]) => value > above && value <= (bounds[i] ?? Infinity))
              .reduce((sum, [, times]) => sum + times, 0)
          ),
        );
      }),
    );
  },
});

Deno.test({
  name: "buckets: a quantile is interpolated within its bucket, and null without values",
  permissions: "none",
  fn() {
    const of = (counts: number[], part: number) => quantile({ bounds: [1, 2, 4], counts }, part);
    assert.equal(of([0, 0, 0, 0], 0.5), null);
    assert.equal(of([10, 0, 0, 0], 0.5), 0.5);
    assert.equal(of([0, 10, 10, 0], 0.5), 2);
    assert.equal(of([0, 10, 10, 0], 0.75), 3);
    assert.equal(of([0, 0, 0, 5], 0.99), 4);
    assert.equal(of([0, 5, 0, 0], 0), 1);
  },
});
