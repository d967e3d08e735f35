import assert from "node:assert/strict";
import fc from "fast-check";
import { extent, linePath, nearest, niceRange } from "../../../src/shared/page/scale.js";

Deno.test({
  name: "page scale: a range contains its values, begins and ends at ticks, and has few ticks",
  permissions: "none",
  fn() {
    assert.deepEqual(niceRange(0, 4467, 3), { low: 0, high: 6000, ticks: [0, 2000, 4000, 6000] });
    assert.deepEqual(niceRange(0, 0, 3).ticks, [0, 0.5, 1]);
    assert.deepEqual(niceRange(7, 7, 3).ticks, [0, 5, 10, 15]);
    const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -2e38, max: 2e38 })
      .map((value) => Math.abs(value) < 1e-30 ? 0 : value);
    fc.assert(fc.property(value, value, (one, other) => {
      const [a, b] = [Math.min(one, other), Math.max(one, other)];
      const { low = NaN, high = NaN, ticks } = niceRange(a, b, 3);
      const slack = (Math.abs(a) + Math.abs(b)) * 1e-9 + Number.MIN_VALUE * 1000;
      assert.ok(low <= a + slack && high >= b - slack && high > low, `${low} ${high}`);
      assert.ok(ticks.length >= 2 && ticks.length <= 6, `${ticks}`);
    }));
  },
});

const identity = (value: number) => value;

Deno.test({
  name: "page scale: a line breaks at unknown values and at gaps, and keeps every peak",
  permissions: "none",
  fn() {
    assert.equal(linePath([0, 1, 2], [1, 2, 3], identity, identity, 5), "M0 1h.01L1 2h.01L2 3h.01");
    assert.equal(linePath([0, 1, 2], [1, null, 3], identity, identity, 5), "M0 1h.01M2 3h.01");
    assert.equal(linePath([0, 9], [1, 2], identity, identity, 5), "M0 1h.01M9 2h.01");
    assert.equal(linePath([0, 0.1, 0.2, 0.3], [1, 9, 0, 2], identity, identity, 5), "M0 1L0 0L0 9L0 2");
    assert.equal(linePath([], [], identity, identity, 5), "");
    fc.assert(fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 }), (values) => {
      const times = values.map((_, i) => i / 7);
      const drawn = [...linePath(times, values, identity, identity, 5).matchAll(/[ML]\S+ (\S+?)(?=[MLh]|$)/g)]
        .map(([, y]) => Number(y));
      assert.equal(Math.max(...drawn), Math.max(...values));
      assert.equal(Math.min(...drawn), Math.min(...values));
    }));
  },
});

Deno.test({
  name: "page scale: the extent covers the known values, and the nearest time is found",
  permissions: "none",
  fn() {
    assert.deepEqual(extent([[1, null, 3], [-2]]), { low: -2, high: 3 });
    assert.equal(extent([[null], []]), undefined);
    assert.equal(nearest([], 5), -1);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1 }),
        fc.nat(99),
        (set, time) => {
          const times = set.toSorted((a, b) => a - b);
          const best = Math.min(...times.map((each) => Math.abs(each - time)));
          assert.equal(Math.abs(times[nearest(times, time)]! - time), best);
        },
      ),
    );
  },
});
