import assert from "node:assert/strict";
import fc from "fast-check";
import { destinationOf, isOriginTurn, sharesOf } from "../../../src/balancer/choose/shares.ts";

/** The rule ⌊k·o/(c+o)⌋ > ⌊(k-1)·o/(c+o)⌋, computed with integers of any size. */
function isOriginTurnExactly(turn: bigint, cdnWeight: number, originWeight: number): boolean {
  const share = (k: bigint) => k * BigInt(originWeight) / BigInt(cdnWeight + originWeight);
  return share(turn) > share(turn - 1n);
}

const weights = fc.tuple(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 0, max: 1_000_000 }))
  .filter(([cdn, origin]) => cdn + origin > 0);

Deno.test({
  name: "shares: for any turn of 64 bits the fast rule gives the same result as the exact one",
  permissions: "none",
  fn() {
    const turns = fc.oneof(
      fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
      fc.tuple(fc.constantFrom(31n, 32n, 53n, 63n, 64n), fc.bigInt({ min: -3n, max: 3n }))
        .map(([bits, offset]) => 2n ** bits + offset).filter((turn) => turn < 2n ** 64n),
    );
    fc.assert(
      fc.property(turns, weights, (turn, [cdn, origin]) => {
        assert.equal(isOriginTurn(turn, cdn, origin), isOriginTurnExactly(turn, cdn, origin));
      }),
      { numRuns: 2000 },
    );
  },
});

Deno.test({
  name: "shares: with an origin weight of 1 every (c+1)-th turn goes to the origin",
  permissions: "none",
  fn() {
    for (const [cdn, origin] of [[9, 1], [1, 1], [999, 1], [0, 1], [1, 0], [7, 3]] as const) {
      const origins = Array.from({ length: 3000 }, (_, k) => k + 1).filter((k) =>
        isOriginTurn(BigInt(k), cdn, origin)
      );
      assert.equal(origins.length, 3000 * origin / (cdn + origin));
      if (origin === 1) assert.ok(origins.every((turn) => turn % (cdn + 1) === 0));
    }
  },
});

Deno.test({
  name: "shares: with at most one CDN the rule decides, with more CDNs a precomputed order",
  permissions: "none",
  fn() {
    const dealt = (weights: readonly number[], turns: number) => {
      const shares = sharesOf(weights);
      return Array.from({ length: turns }, (_, k) => destinationOf(shares, BigInt(k + 1))).join("");
    };
    assert.equal(dealt([1, 9], 20), "1111111110".repeat(2));
    assert.equal(dealt([1, 0, 3], 8), "2220".repeat(2));
    assert.equal(dealt([1, 0], 3), "000");
    assert.equal(dealt([0, 0, 5], 3), "222");
    const several = dealt([1, 6, 3], 20);
    assert.equal(several.slice(10), several.slice(0, 10));
    assert.deepEqual(["0", "1", "2"].map((name) => several.split(name).length - 1), [2, 12, 6]);
  },
});

Deno.test({
  name: "shares: weights with too long a cycle, as while a CDN comes back, are rounded",
  permissions: "none",
  fn() {
    const { order, weights } = sharesOf([999_983 * 20, 999_979 * 7, 1]);
    assert.deepEqual(weights, [999_983 * 20, 999_979 * 7, 1]);
    const count = order!.reduce((sum, destination) => sum + Number(destination === 0), 0);
    assert.ok(Math.abs(count / order!.length - 20 / 27) < 0.001);
    assert.ok(order!.includes(2));
  },
});
