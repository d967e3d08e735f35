import assert from "node:assert/strict";
import {
  begin,
  failOn,
  killedAfter,
  PATH,
  repair,
  settle,
  sumOf,
} from "../../support/disk/recorder_on_simulated_disk.ts";
import { type Operation, SimulatedDisk } from "../../support/disk/simulated_disk.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `recorder: ${name}`, permissions: "none", fn });
}

test("recover writes what a killed process left before anything else, and then removes its checkpoint", async () => {
  const disk = new SimulatedDisk();
  await killedAfter(disk, 1000, async (process) => {
    const { recorder, add } = await begin(disk, "1", process);
    add(5);
    recorder.keep();
    await recorder.write([]);
  });
  assert.equal(disk.text(PATH), "");
  const { recorder, recovered, end, add, finish } = await begin(disk, "2");
  await recorder.recover(recovered);
  assert.deepEqual(disk.paths().filter((path) => path.endsWith("-1")), []);
  add(7);
  await end();
  await finish();
  assert.deepEqual(
    disk.text(PATH).split("\n").map((line) => /"(\ds)", "A1_sum": (\d)/.exec(line)?.slice(1).join(" ")),
    ["1s 5", "3s 5", "1s 7", "3s 7", undefined],
  );
});

test("recover keeps a killed process's checkpoint while its records are in no file and no other checkpoint", async () => {
  const disk = new SimulatedDisk();
  await killedAfter(disk, 1000, async (process) => {
    const { recorder, add } = await begin(disk, "1", process);
    add(5);
    recorder.keep();
    await recorder.write([]);
  });
  await killedAfter(disk, 1000, async (process) => {
    const { recorder, recovered } = await begin(disk, "2", process);
    failOn(disk, "write", "replace");
    await recorder.recover(recovered);
    assert.ok(disk.find(`${PATH}.checkpoint-1`));
  });
  await settle(disk);
  assert.deepEqual([sumOf(disk, "1s"), sumOf(disk, "3s")], [5, 5]);
});

test("keep renews the checkpoint at once, and once more for all calls during that", async () => {
  const disk = new SimulatedDisk();
  const { recorder, add, finish } = await begin(disk, "1");
  let saves = 0;
  disk.pause = (operation) => void (saves += Number(operation === "replace")) as undefined;
  add(1);
  for (let i = 0; i < 10; i++) recorder.keep();
  add(2);
  await recorder.write([]);
  assert.equal(saves, 2, "one save under way, one for the other calls");
  assert.match(disk.text(`${PATH}.checkpoint-1`), /"A1_sum": 3,/);
  await finish();
});

test("the checkpoint does not wait until many records are written", async () => {
  const disk = new SimulatedDisk();
  const { recorder, add, finish } = await begin(disk, "1");
  let [writes, kept] = [0, ""];
  disk.writeMax = () => 10;
  disk.pause = (operation) => {
    if (operation !== "write") return undefined;
    if (++writes === 10) {
      add(7);
      recorder.keep();
    }
    if (writes === 12) kept = disk.text(`${PATH}.checkpoint-1`);
    return undefined;
  };
  await recorder.write(Array.from({ length: 10 }, (_, i) => `{"timestamp":${i}, "count_type":"1s"}\n`));
  assert.match(kept, /"A1_sum": 7,/);
  assert.ok(writes > 20, `${writes} writes`);
  assert.equal(disk.text(PATH).split("\n").length - 1, 10);
  repair(disk);
  await finish();
});

test("keep without a record to write does not touch the file", async () => {
  const disk = new SimulatedDisk();
  const { recorder, add, finish } = await begin(disk, "1");
  add(1);
  failOn(disk, "stat", "open", "write");
  recorder.keep();
  await recorder.write([]);
  repair(disk);
  await finish();
});

test("a file or checkpoint that fails is retried every second", async () => {
  for (const operation of ["write", "replace"] as const) {
    const disk = new SimulatedDisk();
    const { add, end, clock, finish, events } = await begin(disk, "1");
    let tries = 0;
    disk.pause = (each) => {
      if (each !== operation) return undefined;
      tries++;
      throw new Error("Input/output error (os error 5)");
    };
    add(1);
    await end();
    for (let second = 1; second <= 4; second++) {
      const before = tries;
      await clock.pass(999);
      assert.equal(tries, before, `before second ${second}`);
      await clock.pass(1);
      assert.ok(tries > before, `in second ${second}`);
    }
    repair(disk);
    await clock.pass(1000);
    const part = operation === "write" ? "sink" : "checkpoint";
    assert.deepEqual(events(), [`${part}_failing`, `${part}_recovered`]);
    assert.equal(sumOf(disk, "1s"), 1);
    assert.deepEqual(await finish(), []);
  }
});

test("while the checkpoint shows a closed window as open, no record is written; later all are", async () => {
  const disk = new SimulatedDisk();
  const { recorder, add, end, clock, finish, sink } = await begin(disk, "1");
  add(1);
  recorder.keep();
  await recorder.write([]);
  failOn(disk, "replace", "remove");
  await end();
  assert.equal(disk.text(PATH), "", "a kill would make the record count twice");
  assert.equal(sink.waiting.length, 1);
  repair(disk);
  await clock.pass(1000);
  assert.equal(sumOf(disk, "1s"), 1);
  await finish();
});

test("reopen creates the file again at once, and is retried when it fails", async () => {
  const disk = new SimulatedDisk();
  const { recorder, clock, finish, events } = await begin(disk, "1");
  disk.rename(PATH, "data/aside");
  await recorder.reopen();
  assert.ok(disk.find(PATH));
  disk.remove(PATH);
  failOn(disk, "open");
  await recorder.reopen();
  repair(disk);
  await clock.pass(1000);
  assert.ok(disk.find(PATH));
  assert.deepEqual(events(), ["reopened", "sink_failing", "reopened", "sink_recovered"]);
  await finish();
});

/** What fails at the stop; the sums in the file, among the unsaved records, and after the next start. */
const STOPS: Record<string, { fails: Operation[]; file: number; unsaved: number; after: number }> = {
  "all is well": { fails: [], file: 3, unsaved: 0, after: 3 },
  "the file fails": { fails: ["write"], file: 0, unsaved: 0, after: 3 },
  "the checkpoint fails": { fails: ["replace"], file: 3, unsaved: 0, after: 3 },
  "both fail": { fails: ["write", "replace"], file: 0, unsaved: 3, after: 0 },
  "the checkpoint can't be removed": { fails: ["remove"], file: 3, unsaved: 0, after: 3 },
};

for (const [name, { fails, file, unsaved, after }] of Object.entries(STOPS)) {
  test(`finish, when ${name}: each record is in the file, in a checkpoint, or unsaved`, async () => {
    const disk = new SimulatedDisk();
    const process = disk.process();
    const { add, recorder, finish, clock } = await begin(disk, "1", process);
    add(1);
    recorder.keep();
    add(2);
    await recorder.write([]);
    failOn(disk, ...fails);
    const left = await finish();
    assert.equal(sumOf(disk, "1s"), file);
    assert.equal(
      left.filter((line) => line.includes('"1s"'))
        .reduce((sum, line) => sum + JSON.parse(line).A1_sum, 0),
      unsaved,
    );
    repair(disk);
    await clock.pass(10_000);
    assert.equal(sumOf(disk, "1s"), file, "nothing is written after finish");
    process.kill();
    await settle(disk);
    assert.deepEqual([sumOf(disk, "1s"), sumOf(disk, "3s")], [after, after]);
  });
}

test("finish retries what failed before, even without a new record", async () => {
  const disk = new SimulatedDisk();
  const { add, end, recorder } = await begin(disk, "1");
  add(1);
  failOn(disk, "write", "replace");
  await end();
  repair(disk);
  await recorder.finish([]);
  assert.deepEqual(recorder.unsaved, []);
  assert.equal(sumOf(disk, "1s"), 1);
});
