import assert from "node:assert/strict";
import { type AccessFile, AccessLog } from "../../../src/balancer/access_log/access_log.ts";
import { type LogEntry, logInto } from "../../support/recorded_log.ts";
import { settle } from "../../support/http/simulated_client.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";

/** Makes an access log on a simulated file. The test can make its writes block or fail. */
async function simulate() {
  const written: string[] = [];
  const control = { opened: 0, closed: 0, fails: false, blocks: undefined as Promise<void> | undefined };
  const entries: LogEntry[] = [];
  const clock = new SimulatedClock(0);
  const open = (): Promise<AccessFile> => {
    control.opened++;
    return Promise.resolve({
      async write(lines) {
        await control.blocks;
        if (control.fails) throw new Error("No space left on device (os error 28)");
        written.push(lines);
      },
      close: () => void control.closed++,
    });
  };
  const log = await AccessLog.open({ open, log: logInto(entries), clock });
  return { log, written, control, entries, clock };
}

Deno.test({
  name: "access log: lines that come during a write are written together after it",
  permissions: "none",
  async fn() {
    const { log, written, control, entries } = await simulate();
    const gate = Promise.withResolvers<void>();
    control.blocks = gate.promise;
    log.add("a\n", 1);
    await settle();
    log.add("b\n", 1);
    log.add("c\n", 1);
    gate.resolve();
    await settle();
    assert.deepEqual(written, ["a\n", "b\nc\n"]);
    log.add("d\n", 1);
    await log.close();
    assert.deepEqual([written.join(""), control.opened, control.closed], ["a\nb\nc\nd\n", 1, 1]);
    assert.deepEqual(entries, []);
  },
});

Deno.test({
  name: "access log: lines that a slow disk can't take are dropped, counted, and logged once a minute",
  permissions: "none",
  async fn() {
    const { log, written, control, entries } = await simulate();
    const gate = Promise.withResolvers<void>();
    control.blocks = gate.promise;
    const line = `${"x".repeat(2 ** 20 - 1)}\n`;
    for (let i = 0; i < 20; i++) log.add(line, 10);
    await settle();
    assert.deepEqual(entries.map(({ event, dropped }) => [event, dropped]), [["access_log_dropped", 10]]);
    gate.resolve();
    await settle();
    await log.close();
    // The lines in the running write and in the buffer are written; all others are counted as dropped.
    const count = written.join("").length / line.length;
    const dropped = entries.reduce((sum, { dropped }) => sum + Number(dropped), 0);
    assert.ok(count >= 8 && count <= 9, `${count}`);
    assert.equal(dropped + 10 * count, 200);
  },
});

Deno.test({
  name: "access log: a file that fails is opened again after a second, and the lost lines are logged",
  permissions: "none",
  async fn() {
    const { log, written, control, entries, clock } = await simulate();
    control.fails = true;
    log.add("a\n", 3);
    await settle();
    assert.deepEqual(entries.map(({ dropped, reason }) => [dropped, reason]), [
      [3, "No space left on device (os error 28)"],
    ]);
    control.fails = false;
    log.add("b\n", 1);
    await clock.pass(1000);
    await settle();
    assert.deepEqual([written, control.opened], [["b\n"], 2]);
    await log.close();
  },
});

Deno.test({
  name: "access log: reopen makes lines go to the file that has the name then",
  permissions: "none",
  async fn() {
    const { log, control } = await simulate();
    log.add("a\n", 1);
    await settle();
    log.reopen();
    log.add("b\n", 1);
    await log.close();
    assert.deepEqual([control.opened, control.closed], [2, 2]);
  },
});

Deno.test({
  name: "access log: close waits a second at most for a blocked write, and logs the lost lines",
  permissions: "none",
  async fn() {
    const { log, control, entries, clock } = await simulate();
    control.blocks = new Promise(() => {});
    log.add("a\n", 1);
    await settle();
    log.add("b\nc\n", 2);
    const closed = log.close();
    await clock.pass(1000);
    await closed;
    assert.deepEqual(entries.map(({ event, dropped }) => [event, dropped]), [["access_log_dropped", 3]]);
    assert.equal(control.closed, 1);
  },
});
