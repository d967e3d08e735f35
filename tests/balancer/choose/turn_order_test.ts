import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CYCLE_TURNS_MAX,
  cycleOf,
  reduced,
  roundedTo,
  turnOrder,
} from "../../../src/balancer/choose/turn_order.ts";

const weightLists = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 17 })
  .filter((weights) => weights.some((weight) => weight > 0));

Deno.test({
  name: "turn order: after any number of turns each destination is less than one turn off its share",
  permissions: "none",
  fn() {
    fc.assert(
      fc.property(weightLists, (weights) => {
        const order = turnOrder(weights);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const destinations = weights.filter((weight) => weight > 0).length;
        const most = destinations === 1 ? 0 : 1 - 1 / (2 * destinations - 2);
        const had = weights.map(() => 0);
        order.forEach((destination, at) => {
          had[destination]!++;
          had.forEach((count, i) => {
            const gap = Math.abs(count - (at + 1) * weights[i]! / total);
            assert.ok(gap <= most + 1e-9, `${weights}: ${gap} after ${at + 1} turns`);
          });
        });
        // The counts are exact over the whole cycle, and the cycle is as short as possible.
        assert.deepEqual(had, reduced(weights));
      }),
      { numRuns: 1500 },
    );
  },
});

Deno.test({
  name: "turn order: the longest allowed cycle is exact, and a longer one is refused",
  permissions: "none",
  fn() {
    const order = turnOrder([1, 32_768, 32_767]);
    assert.deepEqual([order.length, order.buffer.byteLength], [CYCLE_TURNS_MAX, CYCLE_TURNS_MAX]);
    assert.equal(order.filter((destination) => destination === 1).length, 32_768);
    assert.throws(() => turnOrder([1, 65_536]), RangeError);
    assert.throws(() => turnOrder([0, 0]), RangeError);
  },
});

Deno.test({
  name: "turn order: weights are reduced, or rounded to fit the longest allowed cycle",
  permissions: "none",
  fn() {
    assert.deepEqual([reduced([60, 30, 0, 10]), reduced([0, 0])], [[6, 3, 0, 1], [0, 0]]);
    assert.equal(cycleOf([600_000, 300_000, 100_000]), 10);
    assert.deepEqual(roundedTo(10, [60, 30, 10]), [6, 3, 1]);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 2, maxLength: 17 })
          .filter((weights) => weights.some((weight) => weight > 0)),
        (weights) => {
          const rounded = roundedTo(CYCLE_TURNS_MAX, weights);
          assert.ok(cycleOf(rounded) <= CYCLE_TURNS_MAX);
          assert.deepEqual(rounded.map((weight) => weight > 0), weights.map((weight) => weight > 0));
        },
      ),
    );
  },
});
