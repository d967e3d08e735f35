import assert from "node:assert/strict";
import fc from "fast-check";
import { type Operation, SimulatedDisk } from "../../support/disk/simulated_disk.ts";
import {
  assertConsistent,
  hold,
  line,
  openSink,
  PATH,
  sinkOn,
} from "../../support/disk/sink_on_simulated_disk.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `sink: ${name}`, permissions: "none", fn });
}

test("open returns the last timestamp, and creates a missing file", async () => {
  const cases: [text: string, seconds: number | undefined][] = [
    ["", undefined],
    ["no records\n", undefined],
    [line(1) + line(2), 1002],
    [line(1) + line(2).slice(0, 30), 1001],
    [line(0).repeat(1000) + line(7), 1007],
  ];
  for (const [text, seconds] of cases) {
    const { lastTimestampSeconds, disk } = await openSink(text);
    assert.equal(lastTimestampSeconds, seconds, text.slice(-80));
    assert.deepEqual(disk.paths(), [PATH]);
  }
});

test("open returns the last timestamp of a rotated file while the new file has no whole record", async () => {
  for (const begun of ["", line(9).slice(0, 30)]) {
    const disk = new SimulatedDisk();
    disk.create(`${PATH}.1`, line(1) + line(2));
    disk.create(`${PATH}.2`, line(0));
    disk.create("data/other.jsonl", line(8));
    disk.create(PATH, begun);
    assert.equal(await sinkOn(disk).sink.open(), 1002);
  }
});

test("open says which file can't be opened, and why", async () => {
  for (const operation of ["stat", "open", "read"]) {
    const disk = new SimulatedDisk();
    disk.pause = (each) => {
      if (each === operation) throw new Error("Permission denied (os error 13)");
      return undefined;
    };
    await assert.rejects(sinkOn(disk).sink.open(), {
      message: `Cannot open ${PATH}: Permission denied (os error 13)`,
    });
  }
});

test("records are appended unchanged, with one write per batch", async () => {
  const { sink, disk, write, text, events } = await openSink(line(0));
  let writes = 0;
  disk.pause = (operation) => void (writes += Number(operation === "write")) as undefined;
  await write(line(1), line(2));
  await write(line(3));
  assert.equal(text(), line(0) + line(1) + line(2) + line(3));
  assert.equal(writes, 2);
  await sink.close();
  assert.deepEqual([events(), sink.waiting], [[], []]);
});

test("however a write is cut short, every record is in the file once and whole", async () => {
  const lines = [line(1), line(2), line(3)];
  for (let first = 1; first < lines.join("").length; first++) {
    const { sink, disk, write, text } = await openSink(line(0));
    const sizes = [first, 7];
    disk.writeMax = () => sizes.shift() ?? Infinity;
    await write(...lines);
    assert.equal(text(), line(0) + lines.join(""), `the first write took ${first} bytes`);
    await sink.close();
    assert.deepEqual(sink.waiting, []);
  }
});

test("short writes and failures in any order: no record is lost, torn or repeated", async () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 4 }), writes: fc.array(fc.nat(120), { maxLength: 4 }) }),
    fc.record({ fault: fc.constantFrom("stat", "open", "read", "write", "syncFile", undefined) }),
    fc.constant({ retry: true }),
    fc.constant({ reopen: true }),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, torn) => {
    const before = torn ? '{"timestamp"' : line(0);
    const { sink, disk, write, text, retry, reopen } = await openSink(before);
    const lines: string[] = [];
    for (const each of steps) {
      if ("add" in each) {
        const sizes = [...each.writes];
        disk.writeMax = () => sizes.shift() ?? Infinity;
        const added = Array.from({ length: each.add }, (_, i) => line(lines.length + i + 1));
        lines.push(...added);
        await write(...added);
      } else if ("fault" in each) {
        disk.pause = (operation) => {
          if (operation === each.fault) throw new Error("Input/output error (os error 5)");
          return undefined;
        };
      } else if ("retry" in each) await retry();
      else await reopen();
      assertConsistent(sink, disk);
    }
    disk.pause = () => undefined;
    disk.writeMax = () => Infinity;
    await retry();
    const newline = torn && lines.length > 0 ? "\n" : "";
    assert.equal(text(), before + newline + lines.join(""));
    await sink.close();
    assert.deepEqual(sink.waiting, []);
  }));
});

test("position and waiting agree before and after every operation", async () => {
  for (const writeMax of [1, 5, 1000]) {
    const { sink, disk, write, text } = await openSink(line(0).slice(0, 5));
    disk.writeMax = () => writeMax;
    let looks = 0;
    disk.pause = () => {
      looks++;
      assertConsistent(sink, disk);
      return undefined;
    };
    await write(line(1), line(2));
    await sink.close();
    assert.ok(looks >= 3);
    assert.equal(text(), line(0).slice(0, 5) + "\n" + line(1) + line(2));
  }
});

test("a line cut by a full disk is completed later, and the failure and its end are logged once", async () => {
  const { sink, disk, write, text, entries, events, retry } = await openSink(line(0));
  disk.capacity = line(0).length + 10;
  await write(line(1));
  await write(line(2));
  for (let second = 0; second < 5; second++) await retry();
  assert.equal(text(), line(0) + line(1).slice(0, 10));
  assert.deepEqual(events(), ["sink_failing"]);
  assert.match(String(entries[0]!.reason), /No space left/);
  assert.deepEqual(sink.waiting, [line(1), line(2)]);
  disk.capacity = Infinity;
  await retry();
  assert.equal(text(), line(0) + line(1) + line(2));
  assert.deepEqual(events(), ["sink_failing", "sink_recovered"]);
  assert.equal(entries[1]!.seconds, 6);
  await write(line(3));
  assert.equal(events().length, 2);
  disk.fault = "again";
  await write(line(4));
  assert.equal(events().length, 3, "a new failure is logged again");
});

test("a write that takes no byte is a failure, not an endless loop", async () => {
  const { disk, write, entries } = await openSink();
  disk.admit = () => 0;
  await write(line(1));
  assert.match(String(entries[0]?.reason), /no byte/);
});

test("a torn last line is closed with one newline, and that is logged", async () => {
  const torn = line(1).slice(0, -5);
  const { disk, write, text, events, retry } = await openSink(torn);
  assert.deepEqual(events(), ["torn_line"]);
  assert.equal(text(), torn, "nothing is written before there is a record");
  disk.fault = "not yet";
  await write(line(2));
  disk.fault = undefined;
  disk.writeMax = () => 1;
  await retry();
  assert.equal(text(), `${torn}\n${line(2)}`);
  await write(line(3));
  assert.equal(text(), `${torn}\n${line(2)}${line(3)}`);
  assert.equal(events().filter((event) => event === "torn_line").length, 1);
});

test("the end of a changed file is read again until that succeeds", async () => {
  const { disk, write, text, retry } = await openSink(line(0));
  disk.find(PATH)!.text += "half";
  let reads = 0;
  disk.pause = (operation) => {
    if (operation === "read" && reads++ < 2) throw new Error("Input/output error (os error 5)");
    return undefined;
  };
  await write(line(1));
  for (let second = 0; second < 3; second++) await retry();
  assert.equal(text(), `${line(0)}half\n${line(1)}`);
});

test("close leaves the waiting records to the caller", async () => {
  const { sink, disk, write, text } = await openSink();
  disk.capacity = 10;
  await write(line(1), line(2));
  await sink.close();
  assert.deepEqual(sink.waiting, [line(1), line(2)]);
  assert.deepEqual({ ...sink.position, size: sink.position.size }, { identity: "1:1", size: 0 });
  assert.equal(text(), line(1).slice(0, 10));
});

test("close waits for a write under way", async () => {
  const { sink, disk, write, text } = await openSink();
  const { reached, release } = hold(disk, "write");
  void write(line(1));
  await reached;
  const closed = sink.close();
  disk.fault = "Input/output error (os error 5)";
  release();
  await closed;
  assert.deepEqual([text(), sink.waiting], ["", [line(1)]]);
});

test("beyond recordsWaitingMax the oldest records are dropped and logged, but a half-written record stays", async () => {
  const { sink, disk, write, text, entries, retry } = await openSink("", 3);
  disk.capacity = 10;
  await write(line(1), line(2));
  await write(line(3), line(4), line(5));
  assert.deepEqual(sink.waiting, [line(1), line(4), line(5)]);
  assert.deepEqual(entries.map(({ event, lost }) => ({ event, lost })).at(-1), {
    event: "records_lost",
    lost: 2,
  });
  assertConsistent(sink, disk);
  disk.capacity = Infinity;
  await retry();
  assert.equal(text(), line(1) + line(4) + line(5));
});

test("beyond recordsWaitingMax the records of a write under way are not dropped", async () => {
  const { sink, disk, write, text } = await openSink("", 600);
  const lines = Array.from({ length: 702 }, (_, i) => line(i));
  const { reached, release } = hold(disk, "write");
  const written = write(...lines.slice(0, 2));
  await reached;
  sink.add(lines.slice(2));
  assert.equal(sink.waiting.length, 600);
  assertConsistent(sink, disk);
  release();
  await written;
  assert.equal(text().split("\n").length - 1, 600);
  assert.ok(text().startsWith(line(0) + line(1)) && text().endsWith(line(700) + line(701)));
});

test("the records of a long outage are written in bounded batches, in order", async () => {
  const { sink, disk, write, text, retry } = await openSink("", 10_000);
  disk.fault = "Stale file handle (os error 116)";
  const lines = Array.from({ length: 1500 }, (_, i) => line(i));
  await write(...lines);
  let writes = 0;
  disk.pause = (operation) => void (writes += Number(operation === "write")) as undefined;
  disk.fault = undefined;
  await retry();
  assert.equal(text(), lines.join(""));
  assert.equal(writes, 3);
  await sink.close();
});

/**
 * Makes a sink on a pipe. Operations in `blocked` fail as for a pipe without a reader or with a slow reader.
 */
function openPipe() {
  const disk = new SimulatedDisk();
  disk.create(PATH).isStream = true;
  const calls: Operation[] = [];
  const blocked = new Set<Operation>();
  disk.pause = (operation) => {
    calls.push(operation);
    if (blocked.has(operation)) throw new Deno.errors.WouldBlock("nobody reads the pipe");
    return undefined;
  };
  return { ...sinkOn(disk), calls, blocked };
}

test("a pipe without a reader counts as a failing file, and recovers with a reader", async () => {
  const { sink, blocked, write, retry, text, events, entries } = openPipe();
  blocked.add("open");
  assert.equal(await sink.open(), undefined);
  await write(line(1));
  assert.deepEqual(events(), ["sink_failing"]);
  assert.equal(entries[0]!.reason, "nobody reads the pipe");
  await retry();
  assert.deepEqual(sink.waiting, [line(1)]);
  blocked.delete("open");
  await retry();
  await write(line(2));
  assert.equal(text(), line(1) + line(2));
  assert.deepEqual(events(), ["sink_failing", "sink_recovered"]);
  await sink.close();
});

test("a pipe gets one record per write, and is never read", async () => {
  const { sink, calls, write, text } = openPipe();
  await sink.open();
  await write(line(1), line(2), line(3));
  assert.equal(text(), line(1) + line(2) + line(3));
  assert.deepEqual(calls.filter((call) => call === "write" || call === "read"), ["write", "write", "write"]);
  await sink.close();
});

test("a full pipe stays open, so that its reader sees no end of file, and the record is written when it fits", async () => {
  const { sink, calls, blocked, write, retry, text, events } = openPipe();
  await sink.open();
  await write(line(1));
  blocked.add("write");
  await write(line(2), line(3));
  await retry();
  assert.equal(text(), line(1));
  blocked.delete("write");
  await retry();
  assert.equal(text(), line(1) + line(2) + line(3));
  assert.deepEqual(events(), ["sink_failing", "sink_recovered"]);
  assert.equal(calls.filter((call) => call === "open").length, 1);
  await sink.close();
});

test("a pipe whose reader goes away is opened again, and the next reader gets whole records", async () => {
  const { sink, disk, write, retry, text } = openPipe();
  await sink.open();
  disk.writeMax = () => 10;
  disk.pause = (operation) => {
    if (operation === "write" && text().length === 20) throw new Error("Broken pipe (os error 32)");
    return undefined;
  };
  await write(line(1));
  assert.equal(text(), line(1).slice(0, 20));
  disk.find(PATH)!.text = "";
  disk.writeMax = () => Infinity;
  disk.pause = () => undefined;
  await retry();
  assert.equal(text(), line(1));
  await sink.close();
});

test("when a pipe replaces the file, or a file replaces the pipe, the next records go there", async () => {
  const { sink, disk, write, text } = await openSink(line(0).slice(0, 20));
  disk.rename(PATH, `${PATH}.1`);
  disk.create(PATH).isStream = true;
  await write(line(1));
  assert.equal(text(), line(1));
  disk.remove(PATH);
  await write(line(2));
  assert.equal(text(), line(2));
  await sink.close();
});
