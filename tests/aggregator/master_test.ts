import assert from "node:assert/strict";
import { CONFIG, eventsOf, startSimulated } from "../support/simulated/simulated_aggregator.ts";
import { SimulatedDisk } from "../support/disk/simulated_disk.ts";

/** The specification's sample, copied verbatim. */
const SAMPLE_START_SECONDS = 123456700;
const SAMPLE_FIRST_10_S = [
  '{"A1":1, "A2":10, "A3":100}',
  '{"A1":2, "A2":12, "A3":102}',
  '{"A1":3, "A2":30, "A3":130}',
];
const SAMPLE_SECOND_10_S = [
  '{"A1":4, "A2":20, "A3":200}',
  '{"A1":5, "A2":13, "A3":103}',
  '{"A1":6, "A2":40, "A3":140}',
];
const SAMPLE_FILE = `\
{"timestamp":123456710, "count_type":"10s", "A1_sum": 6, "A2_max":30, "A3_min": 100}
{"timestamp":123456720, "count_type":"10s", "A1_sum": 15, "A2_max":40, "A3_min": 103}
{"timestamp":123456730, "count_type":"10s", "A1_sum": 0, "A2_max":0, "A3_min": 0}
{"timestamp":123456740, "count_type":"10s", "A1_sum": 0, "A2_max":0, "A3_min": 0}
{"timestamp":123456750, "count_type":"10s", "A1_sum": 0, "A2_max":0, "A3_min": 0}
{"timestamp":123456760, "count_type":"10s", "A1_sum": 0, "A2_max":0, "A3_min": 0}
{"timestamp":123456760, "count_type":"60s", "A1_sum": 21, "A2_max":40, "A3_min": 100}
`;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `master: ${name}`, permissions: "none", fn });
}

test("the specification's sample produces exactly its records", async () => {
  const { clock, workers, file, stop } = await startSimulated(SAMPLE_START_SECONDS);
  await clock.pass(3_000);
  SAMPLE_FIRST_10_S.forEach((message, i) => workers[i % 2]!.read(message));
  await clock.pass(10_000);
  SAMPLE_SECOND_10_S.forEach((message, i) => workers[i % 2]!.read(message));
  await clock.pass(47_100);
  assert.equal(file(), SAMPLE_FILE);
  await stop();
  assert.equal(file(), SAMPLE_FILE, "a stop without messages in the open windows adds nothing");
});

test("a record is in the file within 100 ms of its window's end", async () => {
  const { clock, workers, file, stop } = await startSimulated(1000);
  workers[0]!.read('{"A1":1,"A2":2,"A3":3}');
  await clock.pass(9_999);
  assert.equal(file(), "");
  await clock.pass(101);
  assert.match(file(), /^\{"timestamp":1010, .*"A1_sum": 1, .*\}\n$/);
  await stop();
});

test("a message just before the end of a window is counted once, in that window or in the next", async () => {
  for (const beforeMs of [50, 1, 0]) {
    const { clock, workers, file, stop } = await startSimulated(1000);
    await clock.pass(10_000 - beforeMs);
    workers[1]!.read('{"A1":7,"A2":1,"A3":1}');
    await clock.pass(11_000);
    assert.equal(file().match(/"A1_sum": 7,/g)?.length, 1, `${beforeMs} ms before the end: ${file()}`);
    await stop();
  }
});

test("a window waits at most 1 s for a slow worker, whose messages then count as late in the next window", async () => {
  const { clock, workers, file, stop, log } = await startSimulated(1000);
  workers[0]!.read('{"A1":1,"A2":1,"A3":1}');
  workers[1]!.read('{"A1":20,"A2":1,"A3":1}');
  workers[1]!.slow = true;
  await clock.pass(10_900);
  assert.equal(file(), "", "the window waits for the slow worker");
  await clock.pass(400);
  assert.match(
    file(),
    /^\{"timestamp":1010, "count_type":"10s", "A1_sum": 1, /,
    "the window closes without the slow worker",
  );
  workers[1]!.slow = false;
  await clock.pass(10_000);
  assert.match(file().split("\n")[1]!, /^\{"timestamp":1020, "count_type":"10s", "A1_sum": 20, /);
  await stop();
  assert.equal(log.at(-1)?.late, 1);
});

test("a stop writes the open windows as partial records, once", async () => {
  const { clock, workers, file, stop, log, kernel } = await startSimulated(1000);
  workers[0]!.read('{"A1":1,"A2":5,"A3":9}\n{"A1":2,"A2":6,"A3":8}\nnonsense');
  await clock.pass(12_345);
  workers[1]!.read('{"A1":3,"A2":7,"A3":7}');
  kernel.dropped = 4;
  await stop();
  assert.equal(kernel.accepting, false);
  assert.deepEqual(file().split("\n"), [
    '{"timestamp":1010, "count_type":"10s", "A1_sum": 3, "A2_max":6, "A3_min": 8}',
    '{"timestamp":1012, "count_type":"10s", "A1_sum": 3, "A2_max":7, "A3_min": 7, "partial":true}',
    '{"timestamp":1012, "count_type":"60s", "A1_sum": 6, "A2_max":7, "A3_min": 7, "partial":true}',
    "",
  ]);
  const { event, received, accepted, rejected, dropped, late, records } = log.at(-1)!;
  assert.deepEqual({ event, received, accepted, rejected, dropped, late, records }, {
    event: "stopped",
    received: 2,
    accepted: 3,
    rejected: { empty: 0, truncated: 0, syntax: 1, missing_field: 0, not_integer: 0, out_of_range: 0 },
    dropped: 4,
    late: 0,
    records: 3,
  });
});

test("a dead worker is replaced by a spare; without a spare the service fails", async () => {
  const { clock, workers, file, master, stop, log } = await startSimulated(1000);
  assert.deepEqual(workers.map((worker) => worker.receiving), [true, true, false]);
  workers[0]!.read('{"A1":1,"A2":1,"A3":1}');
  workers[0]!.die("bang");
  assert.deepEqual(workers.map((worker) => worker.receiving), [false, true, true]);
  workers[2]!.read('{"A1":5,"A2":5,"A3":5}');
  await clock.pass(10_100);
  assert.match(file(), /"A1_sum": 5,/);
  let failed = false;
  master.failed.then(() => failed = true);
  workers[1]!.die("bang again");
  await clock.pass(0);
  assert.ok(failed);
  assert.deepEqual(eventsOf(log).slice(1), [
    "worker_lost",
    "worker_replaced",
    "worker_lost",
    "no_spare_left",
  ]);
  await stop();
});

test("when the wall clock steps forward, skipped windows get zero records and the step is logged", async () => {
  const { clock, workers, file, stop, log } = await startSimulated(1000, { windowSeconds: [10] });
  workers[0]!.read('{"A1":9,"A2":9,"A3":9}');
  await clock.pass(5_000);
  clock.stepWall(30_000);
  await clock.pass(400);
  assert.deepEqual(
    file().trim().split("\n").map((line) => [JSON.parse(line).timestamp, JSON.parse(line).A1_sum]),
    [
      [1010, 9],
      [1020, 0],
      [1030, 0],
    ],
  );
  assert.ok(eventsOf(log).includes("clock_step"));
  await stop();
});

test("when the wall clock steps back, the windows follow each other as before and the step is logged", async () => {
  const { clock, file, stop, log } = await startSimulated(1000, { windowSeconds: [10] });
  await clock.pass(5_000);
  clock.stepWall(-3_600_000);
  await clock.pass(15_100);
  assert.deepEqual(file().trim().split("\n").map((line) => JSON.parse(line).timestamp), [1010, 1020]);
  assert.equal(eventsOf(log).filter((event) => event === "clock_step").length, 1);
  await stop();
});

test("totals are logged once a minute", async () => {
  const { clock, stop, log } = await startSimulated(1000);
  await clock.pass(180_000);
  assert.equal(eventsOf(log).filter((event) => event === "totals").length, 3);
  await stop();
});

test("when a stop misses its deadline, the next start writes the records from the checkpoint", async () => {
  for (const hanging of [["write"], ["write", "replace"]]) {
    const disk = new SimulatedDisk();
    const { clock, workers, master, log, kill } = await startSimulated(1000, { disk });
    workers[0]!.read('{"A1":1,"A2":1,"A3":1}');
    await clock.pass(300);
    disk.pause = (operation) => hanging.includes(operation) ? new Promise(() => {}) : undefined;
    const stopped = master.stop();
    await clock.pass(1000);
    const isSafe = hanging.length === 1;
    assert.equal(await stopped, isSafe);
    assert.equal(eventsOf(log).includes("records_unwritten"), !isSafe);
    kill();
    disk.pause = () => undefined;
    const { file, stop } = await startSimulated(1010, { disk, id: "1" });
    assert.equal(file().match(/"A1_sum": 1, /g)?.length, 2, file());
    await stop();
  }
});

test("with --extra messages, records have a message count, and a record recovered after a kill is marked, once", async () => {
  const disk = new SimulatedDisk();
  const extra = "messages";
  const { clock, workers, kill } = await startSimulated(1000, { disk, extra });
  workers[0]!.read('{"A1":1,"A2":1,"A3":1}');
  await clock.pass(300);
  kill();
  for (const [start, id] of [[1001, "1"], [1002, "2"]] as const) {
    const { clock, file, stop } = await startSimulated(start, { disk, extra, id });
    await clock.pass(10_000);
    await stop();
    const marked = file().split("\n").filter((line) => line.includes("recovered"));
    assert.deepEqual(marked.map((line) => line.replace(/^.*(?="partial)/, "")), [
      '"partial":true, "messages":1, "recovered":true}',
      '"partial":true, "messages":1, "recovered":true}',
    ]);
    assert.match(file(), /"A3_min": 0, "messages":0}\n/);
  }
});

test("a file whose last record lies far ahead of the clock is logged once", async () => {
  const disk = new SimulatedDisk();
  disk.create(CONFIG.outPath, SAMPLE_FILE);
  const { log, stop } = await startSimulated(1000, { disk });
  await stop();
  assert.deepEqual(eventsOf(log).filter((event) => event === "future_file"), ["future_file"]);
});
