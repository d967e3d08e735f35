import assert from "node:assert/strict";
import fc from "fast-check";
import { Checkpoint, recover, type Unfinished } from "../../../src/aggregator/write/checkpoint.ts";
import { checkpointPathOf } from "../../../src/aggregator/write/file_names.ts";
import { recoveredLine } from "../../../src/aggregator/write/record.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";
import { failOn } from "../../support/disk/recorder_on_simulated_disk.ts";
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

/** Saves a checkpoint as a process that is killed right after that; returns the path of the checkpoint. */
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

/** Creates the output file; returns the position at its end. */
function fileOn(disk: SimulatedDisk, text: string) {
  const { identity } = disk.create(PATH, text);
  return { position: { identity, size: text.length } };
}

test("recover returns the waiting records, then those of open windows; forget removes the checkpoint", async () => {
  const disk = new SimulatedDisk();
  fileOn(disk, record(1));
  const path = await leave(disk, "a0", { waiting: [record(2)], open: [record(3, true), record(4, true)] });
  const { lines, forget, entries } = await recoverOn(disk);
  assert.deepEqual(lines, [record(2), record(3, true), record(4, true)]);
  assert.deepEqual(entries.map(({ event, file, records }) => ({ event, file, records })), [
    { event: "recovered", file: path, records: 3 },
  ]);
  assert.ok(disk.find(path), "the checkpoint stays until its records are safe elsewhere");
  await forget();
  assert.deepEqual(disk.paths(), [PATH]);
});

test("any records are recovered, whatever the position", async () => {
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

test("a record marked as recovered equals the unmarked one, in the file and in another checkpoint", async () => {
  const disk = new SimulatedDisk();
  const marked = [1, 2].map((each) => recoveredLine(record(each)));
  const { position } = fileOn(disk, "");
  disk.create(PATH, marked[0]!);
  await leave(disk, "a0", { position, waiting: [record(1), record(2)], open: [record(3, true)] });
  await leave(disk, "b0", { position, waiting: [marked[1]!] });
  assert.deepEqual((await recoverOn(disk)).lines, [record(2), record(3, true)]);
});

test("the text saved last is recovered, and no other file is left", async () => {
  const disk = new SimulatedDisk();
  const process = disk.process();
  const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", process);
  for (const each of [1, 2, 3]) await checkpoint.save({ ...NOTHING, open: [record(each, true)] }, false);
  process.kill();
  assert.deepEqual(disk.paths(), [`${PATH}.checkpoint-0`]);
  assert.deepEqual((await recoverOn(disk)).lines, [record(3, true)]);
});

test("remove leaves nothing, and may be repeated or come after another program's removal", async () => {
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

test("a checkpoint that can't be renewed stays, unless it would make records count twice", async () => {
  for (const operation of ["replace", "rename"] as const) {
    const disk = new SimulatedDisk();
    const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", disk.process());
    await checkpoint.save({ ...NOTHING, open: [record(1, true)] }, false);
    failOn(disk, operation);
    // More than the checkpoint has room for, so it needs a new file.
    const many = { ...NOTHING, waiting: Array.from({ length: 100 }, (_, i) => record(i)) };
    assert.match(String(await checkpoint.save(many, false)), /output error/);
    assert.ok(disk.find(`${PATH}.checkpoint-0`), "it lacks the newest messages, but nothing in it is wrong");
    assert.match(String(await checkpoint.save(many, true)), /output error/);
    assert.equal(disk.find(`${PATH}.checkpoint-0`), undefined);
    assert.equal(checkpoint.misleading, false);
  }
});

test("a checkpoint that can be neither renewed nor removed is misleading until either works", async () => {
  for (const repaired of ["save", "fail", "remove"]) {
    const disk = new SimulatedDisk();
    const checkpoint = new Checkpoint(checkpointPathOf(PATH), "0", disk.process());
    await checkpoint.save({ ...NOTHING, open: [record(1, true)] }, false);
    disk.fault = "Read-only file system (os error 30)";
    assert.match(String(await checkpoint.save({ ...NOTHING, waiting: [record(1)] }, true)), /Read-only/);
    assert.equal(checkpoint.misleading, true);
    assert.match(String(await checkpoint.save({ ...NOTHING, waiting: [record(1)] }, false)), /Read-only/);
    assert.equal(checkpoint.misleading, true, "still misleading");
    disk.fault = undefined;
    if (repaired === "fail") failOn(disk, "replace");
    if (repaired === "remove") await checkpoint.remove();
    else await checkpoint.save({ ...NOTHING, waiting: [record(1)] }, false);
    assert.equal(checkpoint.misleading, false);
    assert.deepEqual(disk.paths(), repaired === "save" ? [`${PATH}.checkpoint-0`] : []);
  }
});

test("checkpoints of living processes are left alone", async () => {
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

test("one process only takes a checkpoint over, and the next one if the first is killed before it forgets", async () => {
  const disk = new SimulatedDisk();
  await leave(disk, "0", { open: [record(1, true)] });
  const first = disk.process();
  assert.equal((await recover(PATH, first, logInto([]))).lines.length, 1);
  assert.deepEqual((await recoverOn(disk)).lines, []);
  first.kill();
  assert.deepEqual((await recoverOn(disk)).lines, [record(1, true)]);
});

test("a checkpoint that its own process removes at this moment is no error", async () => {
  const disk = new SimulatedDisk();
  const path = await leave(disk, "0", { open: [record(1, true)] });
  disk.pause = (operation) => {
    if (operation === "takeOver" && disk.find(path)) disk.remove(path);
    return undefined;
  };
  assert.deepEqual((await recoverOn(disk)).lines, []);
});

test("the checkpoints of several dead processes are recovered, each record once", async () => {
  const disk = new SimulatedDisk();
  const { position } = fileOn(disk, record(1));
  await leave(disk, "b", { position, waiting: [record(2)], open: [record(3, true)] });
  await leave(disk, "a", { position, open: [record(4, true)] });
  // This process was killed while it wrote what "b" had left.
  await leave(disk, "c", { position, waiting: [record(2), record(3, true)] });
  const { lines, forget, events } = await recoverOn(disk);
  assert.deepEqual(lines.toSorted(), [record(2), record(3, true), record(4, true)]);
  assert.deepEqual(events, ["recovered", "recovered", "recovered"]);
  await forget();
  assert.deepEqual(disk.paths(), [PATH]);
});

test("records that are in the file after the position are left out, wherever the file is now", async () => {
  const cases: [name: string, change: (disk: SimulatedDisk) => void, found: string[]][] = [
    ["unchanged", () => {}, [record(3, true)]],
    ["renamed", (disk) => disk.rename(PATH, "data/metrics.jsonl.1"), [record(3, true)]],
    ["replaced", (disk) => void disk.create(PATH, record(9)), [record(2), record(3, true)]],
    ["replaced by a file with the record", (disk) => void disk.create(PATH, record(2)), [record(3, true)]],
    ["deleted", (disk) => disk.remove(PATH), [record(2), record(3, true)]],
    ["cut and written again", (disk) => disk.find(PATH)!.text = record(2), [record(3, true)]],
    ["appended to by another program", (disk) => void (disk.find(PATH)!.text += record(9)), [
      record(3, true),
    ]],
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

test("records before the position don't count: an equal record may have been written earlier", async () => {
  const disk = new SimulatedDisk();
  const { position } = fileOn(disk, record(1));
  await leave(disk, "0", { position, waiting: [record(1)] });
  assert.deepEqual((await recoverOn(disk)).lines, [record(1)]);
});

test("files that are no checkpoints of this output are left alone", async () => {
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

test("an unfinished larger checkpoint that a kill left is removed and not read", async () => {
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

test("a checkpoint that the service did not make is logged and left alone; the others are recovered", async () => {
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

test("a damaged checkpoint, cut anywhere, is logged and removed and does not stop the start", async () => {
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

test("a damaged checkpoint with any other text is logged and does not stop the start", async () => {
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

test("a slow disk gets one sync at a time, and save does not wait for it", async () => {
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
  assert.equal(syncs, 2, "one more sync for all that was saved meanwhile");
  await checkpoint.save(NOTHING, false);
  assert.equal(syncs, 3);
});
