import assert from "node:assert/strict";
import { Hearing } from "../../../src/balancer/store/hearing.ts";

const IDLE = { isAnswerOwed: false };
const READING = { isAnswerOwed: true };

function simulated() {
  const clock = { ms: 0 };
  return { clock, hearing: new Hearing(() => clock.ms) };
}

Deno.test({
  name: "hearing: it is good once a notification has arrived, and not while one is expected",
  permissions: "none",
  fn() {
    const { hearing, clock } = simulated();
    assert.deepEqual([hearing.isGood, hearing.isUnknown], [false, true]);
    hearing.announced();
    clock.ms = 1_999;
    assert.equal(hearing.losesPatience(), false);
    hearing.heard(IDLE);
    assert.deepEqual([hearing.isGood, hearing.isUnknown], [true, false]);
    hearing.announced();
    assert.equal(hearing.isGood, false);
    hearing.heard(IDLE);
    clock.ms = 100_000;
    assert.deepEqual([hearing.losesPatience(), hearing.isGood], [false, true]);
  },
});

Deno.test({
  name:
    "hearing: patience is lost once, 2 s after the first expected notification, and until the connection is replaced",
  permissions: "none",
  fn() {
    const { hearing, clock } = simulated();
    for (; clock.ms < 2_000; clock.ms += 200) {
      hearing.announced();
      assert.equal(hearing.losesPatience(), false);
    }
    assert.equal(hearing.losesPatience(), true);
    assert.equal(hearing.losesPatience(), false);
    hearing.heard(IDLE); // A notification that arrives now does not count any more.
    hearing.announced();
    clock.ms += 10_000;
    assert.deepEqual([hearing.losesPatience(), hearing.isGood, hearing.isUnknown], [false, false, false]);
    hearing.reset();
    assert.equal(hearing.isUnknown, true);
    hearing.announced();
    hearing.heard(IDLE);
    assert.equal(hearing.isGood, true);
  },
});

Deno.test({
  name:
    "hearing: a notification during a query proves nothing, but counts as the expected one once there is proof",
  permissions: "none",
  fn() {
    const { hearing, clock } = simulated();
    hearing.announced();
    hearing.heard(READING);
    assert.equal(hearing.isUnknown, true);
    hearing.heard(IDLE);
    hearing.announced();
    hearing.heard(READING);
    clock.ms = 2_000;
    assert.deepEqual([hearing.losesPatience(), hearing.isGood], [false, true]);
  },
});

Deno.test({
  name: "hearing: a notification that arrives before the answer to its change is not expected again",
  permissions: "none",
  fn() {
    const { hearing, clock } = simulated();
    hearing.heard(IDLE);
    const announced = hearing.announcing();
    hearing.heard(READING);
    assert.equal(announced(), false);
    clock.ms = 2_000;
    assert.deepEqual([hearing.losesPatience(), hearing.isGood], [false, true]);
    assert.equal(hearing.announcing()(), true);
    clock.ms = 4_000;
    assert.equal(hearing.losesPatience(), true);
  },
});
