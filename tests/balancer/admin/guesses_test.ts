import assert from "node:assert/strict";
import { ADDRESSES_MAX, FAILURES_FREE, Guesses } from "../../../src/balancer/admin/guesses.ts";
import { type LogEntry, logInto } from "../../support/recorded_log.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";

const BAD = "192.0.2.1";
const GOOD = "192.0.2.2";

function guesses() {
  const clock = new SimulatedClock(0);
  const entries: LogEntry[] = [];
  const guesses = new Guesses(logInto(entries), clock);
  const judge = (address: string, name?: string) => guesses.judge(address, name);
  /** Sends wrong tokens, and asserts that none of these attempts has to wait. */
  const fail = (address: string, times = FAILURES_FREE) => {
    for (let i = 0; i < times; i++) assert.equal(judge(address), 0, `${address}, ${i}`);
  };
  const pass = (ms: number) => clock.pass(ms);
  return { judge, fail, pass, entries };
}

Deno.test({
  name: "guesses: after ten wrong tokens in a row an address must wait, and longer after each further one",
  permissions: "none",
  async fn() {
    const { judge, fail, pass } = guesses();
    fail(BAD);
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
      assert.equal(judge(BAD), seconds * 1000);
      await pass(seconds * 1000 - 1);
      // An attempt during the pause does not prolong the pause.
      assert.equal(judge(BAD), 1);
      assert.equal(judge(GOOD, "alice"), 0);
      await pass(1);
      assert.equal(judge(BAD), 0);
    }
  },
});

Deno.test({
  name: "guesses: during a pause right and wrong tokens get the same answer",
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
  name: "guesses: a right token resets the count of its address",
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
  name: "guesses: a token that was used from an address before is not locked out by guesses from there",
  permissions: "none",
  async fn() {
    const { judge, fail, pass } = guesses();
    assert.equal(judge(BAD, "alice"), 0);
    fail(BAD);
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(
        [judge(BAD, "alice"), judge(BAD, "bob")],
        [0, 1000],
        "only a token that is known at this address",
      );
      // The known token does not shorten the pause for guesses from the same address.
      assert.equal(judge(BAD), 1000);
    }
    await pass(1000);
    assert.equal(judge(BAD, "bob"), 0);
    fail(BAD);
    assert.deepEqual([judge(BAD, "alice"), judge(BAD, "bob")], [0, 0]);
  },
});

Deno.test({
  name: "guesses: an IPv6 network counts as one address, and an IPv4-mapped IPv6 address as its IPv4 address",
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
  name: "guesses: when there are too many addresses, the one that failed longest ago is forgotten",
  permissions: "none",
  fn() {
    const { judge, fail } = guesses();
    const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    judge(GOOD, "alice");
    fail(GOOD);
    fail(BAD);
    for (let i = 1; i < ADDRESSES_MAX; i++) judge(address(i));
    assert.deepEqual([judge(BAD), judge(GOOD, "bob")], [1000, 0], "the oldest is forgotten");
    fail(GOOD);
    assert.deepEqual(
      [judge(GOOD, "alice"), judge(BAD)],
      [0, 0],
      "the right token of this address is still known",
    );
  },
});

Deno.test({
  name: "guesses: wrong tokens are logged at most once a second, and every one is counted",
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
    assert.deepEqual(told(), [[1, 0, GOOD]], "the first is logged at once");
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
