import assert from "node:assert/strict";
import { renderMetrics } from "../../src/shared/metrics/exposition.ts";
import { StoreUnavailable } from "../../src/shared/database/errors.ts";
import { PositionMoved } from "../../src/shipper/destination.ts";
import { FileTaken } from "../../src/shipper/follower.ts";
import { Shipper } from "../../src/shipper/shipper.ts";
import { batchOf, beginningOf, NOON, recordLineOf } from "../support/messages/shipper_batches.ts";
import { eventsOf, type LogEntry, logInto } from "../support/recorded_log.ts";
import { SimulatedClock } from "../support/clock/simulated_clock.ts";

/** Makes a shipper on simulated time. The test controls the result of each pass. */
function simulated() {
  const clock = new SimulatedClock(NOON * 1000);
  const log: LogEntry[] = [];
  const world = {
    passes: 0,
    rolls: 0,
    expiries: 0,
    fail: undefined as Error | undefined,
    compressed: [] as string[],
  };
  const shipper = new Shipper({
    follower: {
      async pass() {
        await undefined;
        world.passes++;
        if (world.fail) throw world.fail;
      },
      close() {},
    },
    fleet: {
      roll: () => Promise.resolve(++world.rolls % 3 !== 0),
      expire: () => Promise.resolve(++world.expiries),
    },
    clock,
    log: logInto(log),
    compressed: () => world.compressed,
  });
  const stop = async () => {
    shipper.stop();
    await clock.pass(1);
  };
  return { clock, log, world, shipper, stop };
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `shipper: ${name}`, permissions: "none", fn });
}

const shippedOf = (text: string, more = {}) => ({
  batch: batchOf(beginningOf("file"), text),
  inserted: 1,
  repeated: 0,
  conflicts: 0,
  expired: 0,
  firstConflict: undefined,
  ...more,
});

test("it makes a pass every second and after each change, and polls more often if the watch has failed", async () => {
  const { clock, world, shipper, stop, log } = simulated();
  const running = shipper.run();
  await clock.pass(10_500);
  assert.equal(world.passes, 11);
  shipper.wake();
  await clock.pass(1);
  assert.equal(world.passes, 12);
  shipper.lookOften("none");
  await clock.pass(1050);
  assert.ok(world.passes >= 22, String(world.passes));
  await stop();
  await running;
  assert.deepEqual(eventsOf(log), ["database_up", "expired", "watch_failed"]);
});

test("while the database is down it retries every 250 ms, however often it is woken, and logs the outage once", async () => {
  const { clock, world, shipper, stop, log } = simulated();
  world.fail = new StoreUnavailable("refused");
  const running = shipper.run();
  for (let i = 0; i < 100; i++) {
    shipper.wake();
    await clock.pass(10);
  }
  assert.ok(world.passes <= 5, String(world.passes));
  assert.match(renderMetrics(shipper.metrics(), "text"), /database_up 0\n/);
  world.fail = undefined;
  await clock.pass(300);
  assert.match(renderMetrics(shipper.metrics(), "text"), /database_up 1\n/);
  await stop();
  await running;
  assert.deepEqual(eventsOf(log).filter((event) => event.startsWith("database")), [
    "database_down",
    "database_up",
  ]);
});

test("a file in use by another shipper ends the start; later it is logged and the pass is retried", async () => {
  const { world, shipper } = simulated();
  world.fail = new FileTaken("taken");
  await assert.rejects(shipper.run(), FileTaken);
  const later = simulated();
  const running = later.shipper.run();
  await later.clock.pass(100);
  for (const error of [new FileTaken("taken"), new PositionMoved("moved"), new Error("odd")]) {
    later.world.fail = error;
    await later.clock.pass(2000);
  }
  await later.stop();
  await running;
  assert.deepEqual(eventsOf(later.log).slice(2), ["ship_failed", "position_moved", "ship_failed"]);
});

test("rejected lines are logged once a minute, unaligned records and compressed files once", async () => {
  const { clock, world, shipper, stop, log } = simulated();
  const running = shipper.run();
  world.compressed = ["m.gz"];
  for (let second = 0; second < 61; second++) {
    shipper.shipped(shippedOf(`no record\n${recordLineOf({ end: NOON + 1 })}`));
    await clock.pass(1000);
  }
  await stop();
  await running;
  const told = log.filter(({ event }) => event === "rejected");
  assert.deepEqual(told.map(({ lines, offset }) => [lines, offset]), [[1, 0], [60, 0]]);
  assert.equal(log.filter(({ event }) => event === "unaligned").length, 1);
  assert.equal(log.filter(({ event }) => event === "compressed").length, 1);
  assert.equal(log.filter(({ event }) => event === "totals").length, 1);
});

test("each conflict is logged with its offset", async () => {
  const { shipper, log, stop } = simulated();
  const running = shipper.run();
  shipper.shipped(shippedOf(recordLineOf({}), { conflicts: 2, firstConflict: 7 }));
  await stop();
  await running;
  const [conflict] = log.filter(({ event }) => event === "instance_conflict");
  assert.deepEqual([conflict!.level, conflict!.records, conflict!.offset], ["error", 2, 7]);
});

test("it sums windows after new records, and looks for old days every hour", async () => {
  const { clock, world, shipper, stop } = simulated();
  const running = shipper.run();
  await clock.pass(5000);
  assert.deepEqual([world.rolls, world.expiries], [3, 1]);
  shipper.shipped(shippedOf(recordLineOf({})));
  await clock.pass(5000);
  assert.deepEqual([world.rolls, world.expiries], [6, 1]);
  await clock.pass(3_600_000);
  assert.equal(world.expiries, 2);
  await stop();
  await running;
});
