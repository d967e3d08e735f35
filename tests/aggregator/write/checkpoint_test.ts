import assert from "node:assert/strict";
import fc from "fast-check";
import { Checkpoint, recover, type Unfinished } from "../../../src/aggregator/write/checkpoint.ts";
import { checkpointPathOf } from "../../../src/aggregator/write/file_names.ts";
import { recoveredLine } from "../../../src/aggregator/write/record.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/processes/recorded_log.ts";
import { failOn } from "../../support/disk/recorder.ts";
import { ForeignFile, unfinishedOf } from "../../../src/shared/files/data_files.ts";
import { SimulatedDisk } from "../../support/disk/simulated_disk.ts";

const PATH = "data/metrics.jsonl";
const NOTHING: Unfinished = { position: { identity: "", size: 0 }, waiting: [], open: [] };

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: `checkpoint: ${name}`, permissions: "none", fn: async () => await fn() });
}

function record(timestamp: number, partial = false): string {
  return `{"timestamp":${timestamp}, "count_type":"1s"${partial ? ', "partial":true' : ""}}\n`;
}

/** Saves it as a process that is killed right behind; returns its path. */
async function leave(disk: SimulatedDisk, id: string, unfinished: Partial<Unfinished>): Promise<string> {
  const process = disk.process();
  assert.equal(
    await new Checkpoint(checkpointPathOf(PATH), id, process).save({ ...NOTHING, ...unfinished }, false),
    undefined,
  );
  process.kill();
  return `${PATH}.checkpoint-${id}`;
}

async function recoverOn(disk: SimulatedDisk) {
  const entries: LogEntry[] = [];
  const recovered = await recover(PATH, disk.process(), logInto(entries));
  return { ...recovered, entries, events: eventsOf(entries) };
}

/** The file of records, and the position at its end. */
function fileOn(disk: SimulatedDisk, text: string) {
  const { identity } = disk.create(PATH, text);
  return { position: { identity, size: text.length } };
}

test("what is saved comes back: records first, then what was open; forgotten when that is asked for", async () => {
  const disk = new SimulatedDisk();
  fileOn(disk, record(1));
  const path = await leave(disk, "a0", { waiting: [record(2)], open: [record(3, true), record(4, true)] });
  const { lines, forget, entries } = await recoverOn(disk);
  assert.deepEqual(lines, [record(2), record(3, true), record(4, true)]);
  assert.deepEqual(entries.map(({ event, file, records }) => ({ event, file, records })), [
    { event: "recovered", file: path, records: 3 },
  ]);
  assert.ok(disk.find(path), "until they are safe elsewhere");
  await forget();
  assert.deepEqual(disk.paths(), [PATH]);
});

test("any records and any position come back", async () => {
  const records = fc.array(fc.nat(), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(records, records, fc.nat(), fc.string(), async (waiting, open, size, identity) => {
      const disk = new SimulatedDisk();
      const unfinished = {
        position: { identity, size },
        waiting: waiting.map((each) => record(each)),
        open: open.map((each) => record(each, true)),
      };
      await leave(disk, "0", unfinished);
      assert.deepEqual(
        (await recoverOn(disk)).lines,
        [...new Set([...unfinished.waiting, ...unfinished.open])],
      );
    }),
  );
});

test("a record that was marked as recovered is the one before it, in the file and in another checkpoint", async () => {
  const disk = new SimulatedDisk();
  const marked = [1, 2].map((each) => recoveredLine(record(each)));
  const { position } = fileOn(disk, "");
  disk.create(PATH, marked[0]!);
  await leave(disk, "a0", { position, waiting: [record(1), record(2)], open: [record(3, true)] });
  await leave(disk, "b0", { position, waiting: [marked[1]!] });
  assert.deepEqual((await recoverOn(disk)).lines, [record(2), record(3, true)]);
});

test("the last one saved counts, and nothing is left beside it", async () => {
  const disk = new SimulatedDisk();
  const process = disk.process();
  const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", process);
  for (const each of [1, 2, 3]) await checkpoint.save({ ...NOTHING, open: [record(each, true)] }, false);
  process.kill();
  assert.deepEqual(disk.paths(), [`${PATH}.checkpoint-0`]);
  assert.deepEqual((await recoverOn(disk)).lines, [record(3, true)]);
});

test("a removed one leaves nothing, and can be removed again or by others", async () => {
  const disk = new SimulatedDisk();
  const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", disk.process());
  await checkpoint.remove();
  await checkpoint.save(NOTHING, false);
  await checkpoint.remove();
  assert.deepEqual(disk.paths(), []);
  await checkpoint.remove();
  await checkpoint.save(NOTHING, false);
  disk.remove(disk.paths()[0]!);
  await checkpoint.remove();
  assert.deepEqual(disk.paths(), []);
});

test("one that can't be renewed stays, unless it would repeat what is written next", async () => {
  for (const operation of ["replace", "rename"] as const) {
    const disk = new SimulatedDisk();
    const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", disk.process());
    await checkpoint.save({ ...NOTHING, open: [record(1, true)] }, false);
    failOn(disk, operation);
    // More than it has room for: it takes a new file.
    const many = { ...NOTHING, waiting: Array.from({ length: 100 }, (_, i) => record(i)) };
    assert.match(String(await checkpoint.save(many, false)), /output error/);
    assert.ok(disk.find(`${PATH}.checkpoint-0`), "the latest is missing in it, but nothing is wrong");
    assert.match(String(await checkpoint.save(many, true)), /output error/);
    assert.equal(disk.find(`${PATH}.checkpoint-0`), undefined);
    assert.equal(checkpoint.misleading, false);
  }
});

test("one that could neither be renewed nor removed misleads, until either works", async () => {
  for (const repaired of ["save", "fail", "remove"]) {
    const disk = new SimulatedDisk();
    const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", disk.process());
    await checkpoint.save({ ...NOTHING, open: [record(1, true)] }, false);
    disk.fault = "Read-only file system (os error 30)";
    assert.match(String(await checkpoint.save({ ...NOTHING, waiting: [record(1)] }, true)), /Read-only/);
    assert.equal(checkpoint.misleading, true);
    assert.match(String(await checkpoint.save({ ...NOTHING, waiting: [record(1)] }, false)), /Read-only/);
    assert.equal(checkpoint.misleading, true, "still");
    disk.fault = undefined;
    if (repaired === "fail") failOn(disk, "replace");
    if (repaired === "remove") await checkpoint.remove();
    else await checkpoint.save({ ...NOTHING, waiting: [record(1)] }, false);
    assert.equal(checkpoint.misleading, false);
    assert.deepEqual(disk.paths(), repaired === "save" ? [`${PATH}.checkpoint-0`] : []);
  }
});

test("those of living processes are left alone", async () => {
  const disk = new SimulatedDisk();
  const living = disk.process();
  const checkpoint = new Checkpoint(checkpointPathOf(PATH), "1", living);
  await checkpoint.save({ ...NOTHING, open: [record(1, true)] }, false);
  await leave(disk, "2", { open: [record(2, true)] });
  const { lines, forget } = await recoverOn(disk);
  assert.deepEqual(lines, [record(2, true)]);
  await forget();
  assert.deepEqual(disk.paths(), [`${PATH}.checkpoint-1`]);
  await checkpoint.save({ ...NOTHING, open: [record(3, true)] }, false);
  living.kill();
  assert.deepEqual((await recoverOn(disk)).lines, [record(3, true)]);
});

test("one is taken by one process only, and by the next when that is killed before it forgets", async () => {
  const disk = new SimulatedDisk();
  await leave(disk, "0", { open: [record(1, true)] });
  const first = disk.process();
  assert.equal((await recover(PATH, first, logInto([]))).lines.length, 1);
  assert.deepEqual((await recoverOn(disk)).lines, []);
  first.kill();
  assert.deepEqual((await recoverOn(disk)).lines, [record(1, true)]);
});

test("one that its process removes at this moment is not missed", async () => {
  const disk = new SimulatedDisk();
  const path = await leave(disk, "0", { open: [record(1, true)] });
  disk.pause = (operation) => {
    if (operation === "takeOver" && disk.find(path)) disk.remove(path);
    return undefined;
  };
  assert.deepEqual((await recoverOn(disk)).lines, []);
});

test("several dead ones are all written, each record once", async () => {
  const disk = new SimulatedDisk();
  const { position } = fileOn(disk, record(1));
  await leave(disk, "b", { position, waiting: [record(2)], open: [record(3, true)] });
  await leave(disk, "a", { position, open: [record(4, true)] });
  // A process that was killed while it wrote what "b" had left.
  await leave(disk, "c", { position, waiting: [record(2), record(3, true)] });
  const { lines, forget, events } = await recoverOn(disk);
  assert.deepEqual(lines.toSorted(), [record(2), record(3, true), record(4, true)]);
  assert.deepEqual(events, ["recovered", "recovered", "recovered"]);
  await forget();
  assert.deepEqual(disk.paths(), [PATH]);
});

test("records that are in the file are left out: behind the position, wherever the file is now", async () => {
  const cases: [name: string, change: (disk: SimulatedDisk) => void, found: string[]][] = [
    ["where it was", () => {}, [record(3, true)]],
    ["renamed", (disk) => disk.rename(PATH, "data/metrics.jsonl.1"), [record(3, true)]],
    ["replaced", (disk) => void disk.create(PATH, record(9)), [record(2), record(3, true)]],
    ["in the one that replaced it", (disk) => void disk.create(PATH, record(2)), [record(3, true)]],
    ["deleted", (disk) => disk.remove(PATH), [record(2), record(3, true)]],
    ["cut and written again", (disk) => disk.find(PATH)!.text = record(2), [record(3, true)]],
    ["continued by others", (disk) => void (disk.find(PATH)!.text += record(9)), [record(3, true)]],
    ["torn", (disk) => disk.truncate(PATH, 2 * record(1).length + 5), [record(2), record(3, true)]],
  ];
  for (const [name, change, found] of cases) {
    const disk = new SimulatedDisk();
    const { position } = fileOn(disk, record(1) + record(1));
    await leave(disk, "0", { position, waiting: [record(2)], open: [record(3, true)] });
    disk.find(PATH)!.text += record(2);
    change(disk);
    const { lines, entries } = await recoverOn(disk);
    assert.deepEqual(lines, found, name);
    assert.equal(entries[0]!.records, found.length, name);
  }
});

test("before the position nothing is looked for: the same record may have been written before", async () => {
  const disk = new SimulatedDisk();
  const { position } = fileOn(disk, record(1));
  await leave(disk, "0", { position, waiting: [record(1)] });
  assert.deepEqual((await recoverOn(disk)).lines, [record(1)]);
});

test("what is not a checkpoint of this file is left alone", async () => {
  const disk = new SimulatedDisk();
  const others = [
    PATH,
    "data/other.jsonl.checkpoint-0",
    `${PATH}.checkpoint-`,
    `${PATH}.checkpoint-0.bak`,
    `${PATH}.checkpoint-xyz`,
  ];
  others.forEach((path) => disk.create(path, record(1)));
  const { lines, forget, events } = await recoverOn(disk);
  await forget();
  assert.deepEqual([lines, events], [[], []]);
  assert.deepEqual(disk.paths(), others);
});

test("what a kill leaves of a new file in place of one that became too small is removed, and not read", async () => {
  const disk = new SimulatedDisk();
  const process = disk.process();
  const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", process);
  await checkpoint.save({ ...NOTHING, open: [record(1, true)] }, false);
  disk.pause = (operation) => {
    if (operation === "rename") process.kill();
    return undefined;
  };
  void checkpoint.save({ ...NOTHING, open: Array<string>(100).fill(record(2, true)) }, false);
  for (let i = 0; i < 10; i++) await null;
  assert.deepEqual(
    disk.paths().map((path) => unfinishedOf(path) ?? path),
    Array(2).fill(`${PATH}.checkpoint-0`),
  );
  const { lines, forget } = await recoverOn(disk);
  assert.deepEqual(lines, [record(1, true)]);
  await forget();
  assert.deepEqual(disk.paths(), []);
});

test("one that no process of the service has made is told and left alone, and the others are taken", async () => {
  const disk = new SimulatedDisk();
  const { position } = fileOn(disk, record(1));
  await leave(disk, "0", { position, waiting: [record(8)] });
  await leave(disk, "1", { position, waiting: [record(2)] });
  disk.pause = (operation, path) => {
    if (operation === "takeOver" && path.endsWith("-0")) throw new ForeignFile("it is a symbolic link");
    return undefined;
  };
  const { lines, forget, entries } = await recoverOn(disk);
  assert.deepEqual(lines, [record(2)]);
  assert.deepEqual([entries[0]!.event, entries[0]!.reason], ["checkpoint_refused", "it is a symbolic link"]);
  await forget();
  assert.deepEqual(disk.paths(), [PATH, `${PATH}.checkpoint-0`]);
});

test("a damaged one is told and removed, and never stops the start: no whole text, or one cut anywhere", async () => {
  const disk = new SimulatedDisk();
  const path = await leave(disk, "0", { waiting: [record(2)], open: [record(3, true)] });
  const whole = disk.text(path);
  for (let length = 0; length < whole.length; length++) {
    disk.create(path, whole.slice(0, length)).damaged = length === 0;
    const { lines, forget, events } = await recoverOn(disk);
    assert.deepEqual([lines, events], [[], ["checkpoint_unreadable"]], `cut to ${length} bytes`);
    await forget();
    assert.deepEqual(disk.paths(), []);
  }
});

test("a damaged one is told and removed, and never stops the start: any text", async () => {
  const header = '{"checkpoint":1,"identity":"1:1","size":0,"records":1}\n';
  const damaged = [
    "null\n",
    "\0".repeat(100),
    '{"checkpoint":2,"identity":"1:1","size":0,"records":0}\n',
    '{"checkpoint":1,"identity":7,"size":0,"records":0}\n',
    '{"checkpoint":1,"identity":"1:1","size":-1,"records":0}\n',
    '{"checkpoint":1,"identity":"1:1","size":1e99,"records":0}\n',
    '{"checkpoint":1,"identity":"1:1","size":0}\n',
    `${header}nonsense\n`,
    `${header}${record(1)}\0\0\0`,
    `${header}${record(1)}${record(2)}`,
    `${header}{"timestamp":x, "count_type":"1s"}\n`,
  ];
  const check = async (text: string) => {
    const disk = new SimulatedDisk();
    disk.create(`${PATH}.checkpoint-0`, text);
    const { lines, events } = await recoverOn(disk);
    assert.deepEqual([lines, events], [[], ["checkpoint_unreadable"]], text);
  };
  for (const text of damaged) await check(text);
  await fc.assert(fc.asyncProperty(fc.string({ minLength: 1 }), check));
  await fc.assert(fc.asyncProperty(fc.string(), (text) => check(header + text)));
});

test("a slow disk is asked to keep it once at a time, and is not waited for", async () => {
  const disk = new SimulatedDisk();
  const slow = Promise.withResolvers<void>();
  let syncs = 0;
  disk.pause = (operation) => {
    if (operation !== "sync") return undefined;
    syncs++;
    return slow.promise;
  };
  const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", disk.process());
  for (const each of [1, 2, 3]) await checkpoint.save({ ...NOTHING, open: [record(each, true)] }, false);
  assert.equal(syncs, 1);
  slow.resolve();
  for (let i = 0; i < 10; i++) await null;
  assert.equal(syncs, 2, "one more for all that was saved meanwhile");
  await checkpoint.save(NOTHING, false);
  assert.equal(syncs, 3);
});
