import assert from "node:assert/strict";
import { Outage } from "../../../src/shared/database/outage.ts";
import { createLog } from "../../../src/shared/log.ts";

/** Makes an outage, the list of lines that it logs, and a clock to set. */
function simulated() {
  const lines: string[] = [];
  const clock = { ms: 0 };
  const log = createLog({
    level: "info",
    format: "text",
    write: (line) => void lines.push(line),
    now: () => new Date(0),
  });
  const outage = new Outage(log, { down: "wait", up: "go on" }, () => clock.ms);
  return { lines, clock, fail: (reason: string) => outage.goesOn(new Error(reason)), outage };
}

const reasonsOf = (lines: string[]) => lines.map((line) => /(password|refused|database_up)/.exec(line)?.[1]);

Deno.test({
  name: "outage: a reason is logged once, then a new reason, then the end of the outage",
  permissions: "none",
  fn() {
    const { lines, clock, fail, outage } = simulated();
    for (; clock.ms < 60_000; clock.ms += 250) fail("password");
    for (; clock.ms < 120_000; clock.ms += 250) fail("refused");
    outage.ended();
    fail("refused");
    assert.deepEqual(reasonsOf(lines), ["password", "refused", "database_up", "refused"]);
  },
});

Deno.test({
  name: "outage: alternating reasons are logged every 10 s at most, and a reason that stays is logged last",
  permissions: "none",
  fn() {
    const { lines, clock, fail } = simulated();
    for (; clock.ms < 20_000; clock.ms += 250) fail(clock.ms % 500 ? "password" : "refused");
    assert.ok(lines.length <= 4, lines.join("\n"));
    for (; clock.ms < 40_000; clock.ms += 250) fail("password");
    assert.equal(reasonsOf(lines).at(-1), "password");
  },
});

Deno.test({
  name: "outage: each new reason is logged, and no more than 16 reasons are remembered",
  permissions: "none",
  fn() {
    const { lines, fail } = simulated();
    for (let reason = 0; reason < 100; reason++) fail(`refused ${reason}`);
    assert.equal(lines.length, 100);
    fail("refused 99");
    fail("refused 90");
    assert.equal(lines.length, 100);
    fail("refused 1");
    assert.equal(lines.length, 101);
  },
});
