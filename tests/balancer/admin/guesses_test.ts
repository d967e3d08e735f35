import assert from "node:assert/strict";
import { ADDRESSES_MAX, FAILURES_FREE, Guesses } from "../../../src/balancer/admin/guesses.ts";
import { type LogEntry, logInto } from "../../support/processes/recorded_log.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";

const BAD = "192.0.2.1";
const GOOD = "192.0.2.2";

function guesses() {
  const clock = new SimulatedClock(0);
  const entries: LogEntry[] = [];
  const guesses = new Guesses(logInto(entries), clock);
  const judge = (address: string, name?: string) => guesses.judge(address, name);
  /** So many wrong tokens, none of which is made to wait. */
  const fail = (address: string, times = FAILURES_FREE) => {
    for (let i = 0; i < times; i++) assert.equal(judge(address), 0, `${address}, ${i}`);
  };
  const pass = (ms: number) => clock.pass(ms);
  return { judge, fail, pass, entries };
}

Deno.test({
  name: "guesses: after ten wrong tokens in a row an address waits, and longer after each further one",
  permissions: "none",
  async fn() {
    const { judge, fail, pass } = guesses();
    fail(BAD);
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
      assert.equal(judge(BAD), seconds * 1000);
      await pass(seconds * 1000 - 1);
      // An attempt in the pause does not make it longer.
      assert.equal(judge(BAD), 1);
      assert.equal(judge(GOOD, "alice"), 0);
      await pass(1);
      assert.equal(judge(BAD), 0);
    }
  },
});

Deno.test({
  name: "guesses: in a pause a right token is not told from a wrong one",
  permissions: "none",
  async fn() {
    const { judge, fail, pass } = guesses();
    fail(BAD);
    assert.deepEqual([judge(BAD, "alice"), judge(BAD)], [1000, 1000]);
    await pass(1000);
    assert.equal(judge(BAD, "alice"), 0);
  },
});

Deno.test({
  name: "guesses: a right token clears its address",
  permissions: "none",
  async fn() {
    const { judge, fail, pass } = guesses();
    for (let round = 0; round < 3; round++) {
      fail(BAD, FAILURES_FREE - 1);
      assert.equal(judge(BAD, "alice"), 0);
    }
    fail(BAD);
    await pass(1000);
    assert.equal(judge(BAD, "alice"), 0);
    fail(BAD);
    assert.equal(judge(BAD), 1000);
  },
});

Deno.test({
  name: "guesses: who has used a token from an address before is not locked out by a guesser there",
  permissions: "none",
  async fn() {
    const { judge, fail, pass } = guesses();
    assert.equal(judge(BAD, "alice"), 0);
    fail(BAD);
    for (let i = 0; i < 5; i++) {
      assert.deepEqual([judge(BAD, "alice"), judge(BAD, "bob")], [0, 1000], "only a token known there");
      // It helps nobody who guesses beside it.
      assert.equal(judge(BAD), 1000);
    }
    await pass(1000);
    assert.equal(judge(BAD, "bob"), 0);
    fail(BAD);
    assert.deepEqual([judge(BAD, "alice"), judge(BAD, "bob")], [0, 0]);
  },
});

Deno.test({
  name: "guesses: an IPv6 network counts as one address, and so does IPv4 in IPv6's clothes",
  permissions: "none",
  fn() {
    const { judge } = guesses();
    for (let i = 0; i < FAILURES_FREE; i++) judge(`2001:db8::${i}`);
    assert.deepEqual([judge("2001:db8::ffff"), judge("2001:db8:0:1::1")], [1000, 0]);
    for (let i = 0; i < FAILURES_FREE; i++) judge(i % 2 ? BAD : `::ffff:${BAD}`);
    assert.equal(judge(BAD), 1000);
  },
});

Deno.test({
  name: "guesses: of more addresses than there is room for, those that failed last are remembered",
  permissions: "none",
  fn() {
    const { judge, fail } = guesses();
    const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    judge(GOOD, "alice");
    fail(GOOD);
    fail(BAD);
    for (let i = 1; i < ADDRESSES_MAX; i++) judge(address(i));
    assert.deepEqual([judge(BAD), judge(GOOD, "bob")], [1000, 0], "the oldest has left");
    fail(GOOD);
    assert.deepEqual(
      [judge(GOOD, "alice"), judge(BAD)],
      [0, 0],
      "what was right there is known all the same",
    );
  },
});

Deno.test({
  name: "guesses: the log tells of wrong tokens at most once a second, and of all of them",
  permissions: "none",
  async fn() {
    const { judge, pass, entries } = guesses();
    const told = () =>
      entries.splice(0).map(({ level, event, refused, slowed, address }) => {
        assert.deepEqual([level, event], ["warn", "token_refused"]);
        return [refused, slowed, address];
      });
    judge(GOOD, "alice");
    assert.deepEqual(told(), []);
    judge(GOOD);
    assert.deepEqual(told(), [[1, 0, GOOD]], "the first at once");
    for (let i = 0; i < 1000; i++) judge(BAD);
    await pass(999);
    assert.deepEqual(told(), []);
    await pass(1);
    assert.deepEqual(told(), [[10, 990, BAD]]);
    await pass(5000);
    assert.deepEqual(told(), []);
    judge(GOOD);
    assert.deepEqual(told(), [[1, 0, GOOD]]);
  },
});
