import assert from "node:assert/strict";
import fc from "fast-check";
import type { SimulatedDisk } from "../../support/disk/simulated_disk.ts";
import { assertConsistent, hold, line, openSink, PATH } from "../../support/disk/sink_on_simulated_disk.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `sink: ${name}`, permissions: "none", fn });
}

/** What another program does to the file, and the texts and log events after the next record. */
const CHANGES: Record<
  string,
  { change(disk: SimulatedDisk): void; file: string; aside?: string; log: string[] }
> = {
  renamed: {
    change: (disk) => disk.rename(PATH, "data/aside"),
    file: line(1),
    aside: line(0),
    log: ["reopened"],
  },
  deleted: { change: (disk) => disk.remove(PATH), file: line(1), log: ["reopened"] },
  replaced: {
    change(disk) {
      disk.rename(PATH, "data/aside");
      disk.create(PATH, "new\n");
    },
    file: `new\n${line(1)}`,
    aside: line(0),
    log: ["reopened"],
  },
  "replaced by a torn one": {
    change: (disk) => void disk.create(PATH, "torn"),
    file: `torn\n${line(1)}`,
    log: ["torn_line", "reopened"],
  },
  "truncated to nothing": { change: (disk) => disk.truncate(PATH, 0), file: line(1), log: [] },
  "truncated in mid-line": {
    change: (disk) => disk.truncate(PATH, 5),
    file: `${line(0).slice(0, 5)}\n${line(1)}`,
    log: ["torn_line"],
  },
  "appended to": {
    change: (disk) => void (disk.find(PATH)!.text += "by others\n"),
    file: `${line(0)}by others\n${line(1)}`,
    log: [],
  },
};

for (const [name, { change, file, aside, log }] of Object.entries(CHANGES)) {
  test(`when the file is ${name}, the next record goes to its end`, async () => {
    const { disk, write, text, events } = await openSink(line(0));
    change(disk);
    await write(line(1));
    assert.equal(text(), file);
    assert.equal(disk.text("data/aside"), aside ?? "");
    assert.deepEqual(events(), log);
    await write(line(2));
    assert.equal(text(), file + line(2));
  });

  test(`when the file is ${name} after half a line was written, the whole line is written again`, async () => {
    const { disk, write, text, retry } = await openSink(line(0));
    disk.capacity = line(0).length + 10;
    await write(line(1));
    change(disk);
    disk.capacity = Infinity;
    await retry();
    const half = line(1).slice(0, 10);
    // The other program's text follows the half line and ends it.
    assert.equal(text(), name === "appended to" ? `${line(0)}${half}by others\n${line(1)}` : file);
    assert.equal(disk.text("data/aside"), aside === undefined ? "" : aside + half, "the old half stays");
  });

  test(`when the file is ${name} after a short write, no line is torn`, async () => {
    const { disk, write, text } = await openSink(line(0));
    disk.writeMax = () => 10;
    let writes = 0;
    disk.pause = (operation) => {
      if (writes === 1) change(disk);
      writes += Number(operation === "write" || writes === 1);
      return undefined;
    };
    await write(line(1), line(2));
    const lines = text().split("\n");
    for (const each of [line(1), line(2)]) {
      assert.equal(lines.filter((found) => `${found}\n` === each).length, 1, `${each}in ${text()}`);
    }
  });
}

/** Returns the lines of a file. A line that lacks only its newline counts as a record, too. */
function linesOf(text: string): string[] {
  return `${text}\n`.split(/(?<=\n)/);
}

test("whatever other programs do between writes, the records that they leave alone are there once and whole", async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 3 }), room: fc.nat(200) }) },
    fc.constantFrom("rename", "delete", "truncate", "append", "retry", "reopen"),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(100), async (steps, cut) => {
    const { sink, disk, write, retry, reopen } = await openSink();
    const expected = new Set<string>();
    let added = 0;
    let known = 0;
    const lines = () => disk.paths().flatMap((path) => linesOf(disk.text(path)));
    const others: Record<string, () => void> = {
      rename: () => disk.rename(PATH, `data/aside-${disk.operations}`),
      // Never to the length that the sink knows: it can't notice a file that was cut and filled up to it.
      append: () => void (disk.find(PATH)!.text += disk.text(PATH).length + 1 === known ? "xx" : "x"),
      truncate: () => disk.truncate(PATH, cut),
      delete: () => disk.remove(PATH),
    };
    for (const each of steps) {
      if (typeof each === "object") {
        disk.capacity = disk.used + each.room;
        const records = Array.from({ length: each.add }, () => line(++added));
        records.forEach((one) => expected.add(one));
        await write(...records);
        disk.capacity = Infinity;
        assertConsistent(sink, disk);
      } else if (each === "retry") await retry();
      else if (each === "reopen") await reopen();
      else if (disk.find(PATH)) {
        const before = lines();
        others[each]!();
        const left = lines();
        for (const one of before) if (!left.includes(one)) expected.delete(one);
        continue;
      }
      known = disk.text(PATH).length;
    }
    await retry();
    const whole = lines().filter((each) => /^\{.*\}\n$/.test(each));
    assert.equal(new Set(whole).size, whole.length, "nothing is repeated");
    assert.deepEqual([...expected].filter((each) => !whole.includes(each)), [], "nothing is missing");
  }));
});

test("reopen creates a missing file at once, and loses nothing while the disk fails", async () => {
  const { sink, disk, write, text, events, reopen } = await openSink(line(0));
  disk.rename(PATH, "data/aside");
  await reopen();
  assert.ok(disk.find(PATH), "at once, without a record");
  disk.fault = "Input/output error (os error 5)";
  await write(line(1));
  await reopen();
  await reopen();
  assert.deepEqual(sink.waiting, [line(1)]);
  disk.fault = undefined;
  await reopen();
  assert.equal(text(), line(1), "reopen does not wait for the next retry");
  assert.deepEqual(events(), ["reopened", "sink_failing", "sink_recovered"]);
});

test("reopen of the same file completes a half-written line and repeats none", async () => {
  const { disk, write, text, reopen } = await openSink(line(0));
  disk.capacity = line(0).length + 10;
  await write(line(1));
  disk.capacity = Infinity;
  await reopen();
  assert.equal(text(), line(0) + line(1));
});

test("reopen during a write: the old file gets that write, and the file is opened again after it", async () => {
  const { disk, write, text, reopen } = await openSink();
  const { reached, release } = hold(disk, "write");
  const written = write(line(1));
  await reached;
  disk.rename(PATH, "data/aside");
  const reopened = reopen();
  release();
  await Promise.all([written, reopened]);
  assert.deepEqual([disk.text("data/aside"), disk.find(PATH)?.text], [line(1), ""]);
  await write(line(2));
  assert.equal(text(), line(2));
});

test("records count as waiting until they would survive a power failure, even when the file changes meanwhile", async () => {
  for (const change of [CHANGES.renamed!, CHANGES["truncated to nothing"]!]) {
    const { sink, disk, write } = await openSink();
    const { reached, release } = hold(disk, "syncFile");
    await write(line(1));
    await reached;
    assert.deepEqual(sink.waiting, [line(1)]);
    assertConsistent(sink, disk);
    change.change(disk);
    const written = write(line(2));
    for (let i = 0; i < 20; i++) {
      await null;
      assert.ok(sink.position.size >= 0, "the position lies before the beginning of the new file");
    }
    release();
    await written;
    await sink.close();
    assert.deepEqual(sink.waiting, []);
    assert.equal(disk.text(PATH), line(2));
  }
});

test("a record that lacks only its newline is not written again to the next file", async () => {
  const { disk, write, retry, text } = await openSink();
  disk.capacity = line(1).length - 1;
  await write(line(1), line(2));
  disk.rename(PATH, "data/aside");
  disk.capacity = Infinity;
  await retry();
  assert.equal(disk.text("data/aside"), line(1).trimEnd());
  assert.equal(text(), line(2));
});
