import assert from "node:assert/strict";
import fc from "fast-check";
import { CALM_MS, FLAPS_MAX, type Outcome, Verdict } from "../../../src/balancer/health/verdict.ts";
import { CHECK_DEFAULTS } from "../../../src/balancer/routes/route_options.ts";
import { type Behaviour, probeFor } from "./probed_destination.ts";

const WELL: Outcome = { kind: "well" };
const ILL: Outcome = { kind: "ill", reason: "status 503" };
const BARRED: Outcome = { kind: "barred", reason: "--allow-net=a:80" };

/** A destination that fails in these spans of time and is well otherwise; each probe takes 10 ms. */
const downIn = (...spans: readonly (readonly [fromMs: number, toMs: number])[]): Behaviour => (ms) => ({
  outcome: spans.some(([from, to]) => from <= ms && ms < to) ? ILL : WELL,
  takesMs: 10,
});

/** What happens to a destination, and when which verdict follows. Probes begin at 0 s, and then every 2 s. */
const TIMELINES: readonly (readonly [
  what: string,
  behaviour: Behaviour,
  untilMs: number,
  changes: readonly (readonly [ms: number, judged: string])[],
])[] = [
  ["it is well", downIn(), 60_000, [[10, "up"]]],
  ["it is down from the beginning", downIn([0, 1e9]), 10_000, [[20, "down"]]],
  ["it fails once", downIn([1990, 2005]), 60_000, [[10, "up"]]],
  ["it goes down, which the second failure decides at once", downIn([1000, 1e9]), 10_000, [
    [10, "up"],
    [2020, "down"],
  ]],
  ["it goes down, and is up again after three successful probes", downIn([1000, 5000]), 20_000, [
    [10, "up"],
    [2020, "down"],
    [10_020, "up"],
  ]],
  ["two successful probes and a failed one leave it down", downIn([1000, 5000], [9000, 11_000]), 30_000, [
    [10, "up"],
    [2020, "down"],
    [16_020, "up"],
  ]],
  ["it may not be probed", () => ({ outcome: BARRED, takesMs: 0 }), 10_000, [[0, "unchecked"]]],
  [
    "a permission is granted and revoked again",
    (ms) => ({ outcome: ms < 3000 || ms > 7000 ? BARRED : WELL, takesMs: 0 }),
    10_000,
    [[0, "unchecked"], [4000, "up"], [8000, "unchecked"]],
  ],
];

for (const [what, behaviour, untilMs, expected] of TIMELINES) {
  Deno.test({
    name: `verdict: ${what}`,
    permissions: "none",
    fn() {
      const { changes } = probeFor(untilMs, CHECK_DEFAULTS, behaviour);
      assert.deepEqual(changes.map(({ ms, judged }) => [ms, judged]), expected);
    },
  });
}

Deno.test({
  name:
    "verdict: after a failure it probes every 100 ms until the state is clear, and then at its interval again",
  permissions: "none",
  fn() {
    const check = { ...CHECK_DEFAULTS, downAfter: 5 };
    const broken = probeFor(6000, check, (ms) => ({ outcome: ms < 1000 ? WELL : ILL, takesMs: 0 }));
    assert.deepEqual(broken.beganMs, [0, 2000, 2000, 2100, 2200, 2300, 4300]);
    assert.deepEqual(broken.changes.at(-1), { ms: 2300, judged: "down", reason: "status 503" });
    const hiccup = probeFor(
      5000,
      check,
      (ms) => ({ outcome: 1999 < ms && ms < 2150 ? ILL : WELL, takesMs: 0 }),
    );
    assert.deepEqual(hiccup.beganMs, [0, 2000, 2000, 2100, 2200, 4200]);
  },
});

Deno.test({
  name: "verdict: a destination that flaps stays down until it has been well for a minute",
  permissions: "none",
  fn() {
    // Each outage is long enough to be noticed, and each recovery to count as one.
    const spans = Array.from({ length: 5 }, (_, at) => [1000 + at * 10_000, 3000 + at * 10_000] as const);
    const { changes } = probeFor(200_000, CHECK_DEFAULTS, downIn(...spans));
    const states = changes.map(({ judged }) => judged);
    assert.deepEqual(states, ["up", "down", "up", "down", "up", "down", "up"]);
    const fifth = changes.at(-2)!;
    assert.match(fifth.reason, /^it changed 5 times within a minute, so it stays down .*\(status 503\)$/);
    const back = changes.at(-1)!.ms;
    const lastIllMs = spans.at(-1)![1];
    assert.ok(back >= lastIllMs + CALM_MS && back <= lastIllMs + CALM_MS + 4000, String(back));
  },
});

const checks = fc.record({
  everyS: fc.double({ min: 0.5, max: 20, noNaN: true }),
  timeoutS: fc.double({ min: 0.1, max: 40, noNaN: true }),
  downAfter: fc.integer({ min: 1, max: 10 }),
  upAfter: fc.integer({ min: 1, max: 10 }),
  expect: fc.constant("200-399"),
});
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const randomOf = (numbers: readonly number[]) => {
  let at = 0;
  return () => numbers[at++ % numbers.length]!;
};

Deno.test({
  name: "verdict: a failure is noticed within 2 × every_s + timeout_s, however long the failing probes take",
  permissions: "none",
  fn() {
    fc.assert(
      fc.property(checks, unit, fc.array(unit, { minLength: 1 }), fc.array(unit, { minLength: 1 }), (
        check,
        when,
        jitter,
        slowness,
      ) => {
        const { everyS, timeoutS, downAfter } = check;
        // With more than two failures required, the bound does not hold if each probe takes as long as the
        // interval.
        fc.pre(downAfter <= 2 || timeoutS + 0.1 * (downAfter - 1) <= everyS);
        const brokenMs = 3 * everyS * 1000 * (1 + when);
        const slow = randomOf(slowness);
        const { changes } = probeFor(
          brokenMs + 100_000,
          check,
          (ms) =>
            ms < brokenMs
              ? { outcome: WELL, takesMs: 1 }
              : { outcome: ILL, takesMs: slow() * timeoutS * 1000 },
          randomOf(jitter),
        );
        const down = changes.at(-1)!;
        assert.equal(down.judged, "down");
        assert.ok(down.ms - brokenMs <= (2 * everyS + timeoutS) * 1000 + 1, String(down.ms - brokenMs));
      }),
      { numRuns: 500 },
    );
  },
});

Deno.test({
  name:
    "verdict: it changes only after as many equal results in a row as the check requires, and no more probes run than can decide",
  permissions: "none",
  fn() {
    fc.assert(
      fc.property(
        checks,
        fc.array(fc.boolean(), { minLength: 1, maxLength: 200 }),
        unit,
        (check, results, r) => {
          const verdict = new Verdict(check, 0, () => r);
          let [failures, successes, nowMs] = [0, 0, 0];
          const changesMs: number[] = [];
          for (const isWell of results) {
            nowMs = Math.max(nowMs, verdict.dueMs);
            const before = verdict.judged;
            verdict.began(nowMs);
            verdict.ended(isWell ? WELL : ILL, nowMs);
            [failures, successes] = isWell ? [0, successes + 1] : [failures + 1, 0];
            if (verdict.judged === before) continue;
            if (verdict.judged === "down") assert.ok(failures >= check.downAfter);
            else if (before === "down") assert.ok(successes >= check.upAfter);
            if (before !== "unknown" || verdict.judged === "down") changesMs.push(nowMs);
            // No span of CALM_MS contains more than FLAPS_MAX changes.
            assert.ok(changesMs.filter((ms) => nowMs - ms < CALM_MS).length <= FLAPS_MAX);
          }
        },
      ),
    );
    fc.assert(
      fc.property(checks, fc.array(unit, { minLength: 1 }), (check, numbers) => {
        const random = randomOf(numbers);
        const { atOnce, beganMs } = probeFor(60_000, check, () => ({
          outcome: random() < 0.5 ? ILL : WELL,
          takesMs: random() * check.timeoutS * 1000,
        }), random);
        assert.ok(atOnce <= check.downAfter);
        assert.ok(beganMs.length > 0);
      }),
    );
  },
});
