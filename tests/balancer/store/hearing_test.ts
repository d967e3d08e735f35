import assert from "node:assert/strict";
import { Hearing } from "../../../src/balancer/store/hearing.ts";

function simulated() {
  const clock = { ms: 0 };
  return { clock, hearing: new Hearing(() => clock.ms) };
}

Deno.test({
  name: "hearing: it is good once something was heard, and not while something is owed",
  permissions: "none",
  fn() {
    const { hearing, clock } = simulated();
    assert.deepEqual([hearing.isGood, hearing.isUnknown], [false, true]);
    hearing.announced();
    clock.ms = 1_999;
    assert.equal(hearing.losesPatience(), false);
    hearing.heard();
    assert.deepEqual([hearing.isGood, hearing.isUnknown], [true, false]);
    hearing.announced();
    assert.equal(hearing.isGood, false);
    hearing.heard();
    clock.ms = 100_000;
    assert.deepEqual([hearing.losesPatience(), hearing.isGood], [false, true]);
  },
});

Deno.test({
  name:
    "hearing: patience is lost once, counted from the first announcement, and for good until another connection",
  permissions: "none",
  fn() {
    const { hearing, clock } = simulated();
    for (; clock.ms < 2_000; clock.ms += 200) {
      hearing.announced();
      assert.equal(hearing.losesPatience(), false);
    }
    assert.equal(hearing.losesPatience(), true);
    assert.equal(hearing.losesPatience(), false);
    hearing.heard(); // By chance.
    hearing.announced();
    clock.ms += 10_000;
    assert.deepEqual([hearing.losesPatience(), hearing.isGood, hearing.isUnknown], [false, false, false]);
    hearing.reset();
    assert.equal(hearing.isUnknown, true);
    hearing.announced();
    hearing.heard();
    assert.equal(hearing.isGood, true);
  },
});
