import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Accumulator,
  emptyTotals,
  LIMB,
  mergeTotals,
  type Reason,
  REASONS,
  SMALL_LIMIT,
  type Totals,
  totalsOf,
} from "../../../src/aggregator/aggregate/partial.ts";
import { type Outcome, totalsOfOutcome } from "../../support/messages/reference_parser.ts";
import { int64 } from "../../support/messages/message_arbitraries.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/**
 * Returns a function that adds one message as the scanner would. The numbers are converted once, so that a
 * test can call the function millions of times.
 */
function adder(outcome: Outcome): (into: Accumulator) => void {
  if (typeof outcome === "string") return (into) => into.reject(REASONS.indexOf(outcome));
  const values = [outcome.A1, outcome.A2, outcome.A3];
  const isSmall = (value: bigint) => value < BigInt(SMALL_LIMIT) && value > -BigInt(SMALL_LIMIT);
  const [a1, a2, a3] = values.map(Number) as [number, number, number];
  if (values.every(isSmall)) return (into) => into.addSmall(a1, a2, a3);
  const limbs = values.flatMap((value) => [Number(value / BigInt(LIMB)), Number(value % BigInt(LIMB))]);
  const wide = Float64Array.from(limbs);
  return (into) => into.addWide(wide);
}

function add(into: Accumulator, outcome: Outcome): void {
  adder(outcome)(into);
}

function expected(outcomes: Outcome[]): Totals {
  const totals = emptyTotals();
  for (const outcome of outcomes) {
    const { accepted, rejected, sum, max, min } = totalsOfOutcome(outcome);
    totals.accepted += accepted;
    for (const reason of REASONS) totals.rejected[reason] += rejected[reason];
    totals.sum += sum;
    if (max !== undefined && (totals.max === undefined || max > totals.max)) totals.max = max;
    if (min !== undefined && (totals.min === undefined || min < totals.min)) totals.min = min;
  }
  return totals;
}

const values = fc.record({ A1: int64, A2: int64, A3: int64 }, { noNullPrototype: true });
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 6, arbitrary: values },
  { weight: 1, arbitrary: fc.constantFrom<Reason[]>(...REASONS) },
);

Deno.test({
  name: "partial: addSmall with the totals of several messages equals adding each of them",
  permissions: "none",
  fn() {
    const [one, together] = [new Accumulator(), new Accumulator()];
    for (const [a1, a2, a3] of [[1, -2, 3], [-5, 7, 0], [9, 4, -4]] as const) one.addSmall(a1, a2, a3);
    together.addSmall(5, 7, -4, 3);
    assert.deepEqual(totalsOf(together.take()), totalsOf(one.take()));
  },
});

Deno.test({
  name: "partial: addAll equals adding each message of the other accumulator, and clear empties it",
  permissions: "none",
  fn() {
    const outcomes = fc.array(outcome, { maxLength: 12 });
    fc.assert(fc.property(outcomes, outcomes, fc.boolean(), (before, after, nearLimit) => {
      const [into, from] = [new Accumulator(), new Accumulator()];
      const sums: Outcome[] = nearLimit ? Array(8).fill({ A1: 10n ** 15n - 1n, A2: 0n, A3: 0n }) : [];
      for (const outcome of [...sums, ...before]) add(into, outcome);
      for (const outcome of [...sums, ...after]) add(from, outcome);
      into.addAll(from);
      from.clear();
      assert.deepEqual(totalsOf(into.take()), expected([...sums, ...before, ...sums, ...after]));
      assert.deepEqual(totalsOf(from.take()), emptyTotals());
    }));
  },
});

Deno.test({
  name: "partial: any split across accumulators, merged in any order, gives the totals of BigInt arithmetic",
  permissions: "none",
  fn() {
    const split = fc.array(fc.array(outcome, { maxLength: 12 }), { maxLength: 6 });
    fc.assert(
      fc.property(split, fc.infiniteStream(fc.nat()), (parts, random) => {
        const buffers = parts.map((part) => {
          const into = new Accumulator();
          for (const outcome of part) add(into, outcome);
          return into.take();
        });
        const totals = emptyTotals();
        while (buffers.length > 0) {
          const [buffer] = buffers.splice(random.next().value % buffers.length, 1);
          mergeTotals(totals, totalsOf(buffer!));
        }
        assert.deepEqual(totals, expected(parts.flat()));
      }),
      { numRuns: 5_000 },
    );
  },
});

Deno.test({
  name: "partial: sums stay exact beyond 2^53 and 2^63, positive and negative",
  permissions: "none",
  fn() {
    const rows: [A1: bigint, messages: number, A2: bigint][] = [
      [999_999_999_999_999n, 1_000_003, 0n],
      [-999_999_999_999_999n, 1_000_003, 0n],
      [INT64_MAX - 10n ** 9n, 2_000_003, 0n],
      [INT64_MIN + 10n ** 9n, 2_000_003, 0n],
      [999_999_999n, 9_500_003, INT64_MAX],
    ];
    for (const [A1, messages, A2] of rows) {
      const into = new Accumulator();
      for (const [value, count] of [[A1, messages], [7n, 11], [INT64_MIN, 1]] as const) {
        const add = adder({ A1: value, A2, A3: 0n });
        for (let i = 0; i < count; i++) add(into);
      }
      const totals = totalsOf(into.take());
      assert.equal(totals.sum, A1 * BigInt(messages) + 77n + INT64_MIN);
      assert.equal(totals.accepted, messages + 12);
    }
  },
});

Deno.test({
  name: "partial: the maximum and minimum are right on either side of 10^15 and of zero",
  permissions: "none",
  fn() {
    const ascending = [
      INT64_MIN,
      -(10n ** 18n) - 1n,
      -(10n ** 18n),
      -(10n ** 15n),
      -(10n ** 15n) + 1n,
      -1n,
      0n,
    ]
      .concat([1n, 10n ** 15n - 1n, 10n ** 15n, 10n ** 18n, 10n ** 18n + 1n, INT64_MAX - 1n, INT64_MAX]);
    for (const a of ascending) {
      for (const b of ascending) {
        const into = new Accumulator();
        add(into, { A1: 0n, A2: a, A3: a });
        add(into, { A1: 0n, A2: b, A3: b });
        const { max, min } = totalsOf(into.take());
        assert.deepEqual([max, min], [a > b ? a : b, a < b ? a : b]);
      }
    }
  },
});

Deno.test({
  name: "partial: take returns the totals and empties the accumulator",
  permissions: "none",
  fn() {
    const into = new Accumulator();
    assert.ok(into.isEmpty);
    assert.deepEqual(totalsOf(into.take()), emptyTotals());

    into.receive();
    assert.ok(!into.isEmpty);
    add(into, { A1: 1n, A2: -2n, A3: INT64_MAX });
    into.reject(REASONS.indexOf("syntax"), 3);
    const filled = into.take();
    assert.ok(into.isEmpty);
    add(into, { A1: 5n, A2: 5n, A3: 5n });
    assert.deepEqual(totalsOf(filled), {
      received: 1,
      accepted: 1,
      rejected: { ...emptyTotals().rejected, syntax: 3 },
      sum: 1n,
      max: -2n,
      min: INT64_MAX,
    });
    assert.equal(totalsOf(into.take()).sum, 5n);
  },
});

Deno.test({
  name: "partial: an accumulator is not empty after any single kind of change",
  permissions: "none",
  fn() {
    const changes: ((into: Accumulator) => void)[] = [
      (into) => into.receive(),
      (into) => into.addSmall(0, 0, 0),
      (into) => into.addWide(new Float64Array(6)),
      ...REASONS.map((_, reason) => (into: Accumulator) => into.reject(reason)),
    ];
    for (const change of changes) {
      const into = new Accumulator();
      change(into);
      assert.ok(!into.isEmpty, change.toString());
    }
  },
});

Deno.test({
  name: "partial: totalsOf refuses a buffer of another size, such as one that was transferred away",
  permissions: "none",
  fn() {
    const buffer = new Accumulator().take();
    assert.throws(() => totalsOf(new ArrayBuffer(buffer.byteLength + 8)), RangeError);
    structuredClone(buffer, { transfer: [buffer] });
    assert.throws(() => totalsOf(buffer), /A partial is 144 bytes long, not 0/);
  },
});
