import assert from "node:assert/strict";
import fc from "fast-check";
import { recover } from "../../../src/aggregator/write/checkpoint.ts";
import { Rotation } from "../../../src/aggregator/write/rotation.ts";
import { logInto } from "../../support/recorded_log.ts";
import { SimulatedDisk } from "../../support/disk/simulated_disk.ts";
import { assertConsistent, PATH, type Rotate, sinkOn } from "../../support/disk/sink_on_simulated_disk.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `rotation: ${name}`, permissions: "none", fn });
}

const DAY = 86_400;
/** The end of 25 November 2026, in UTC. */
const MIDNIGHT = Date.UTC(2026, 10, 26) / 1000;

const at = (seconds: number) => `{"timestamp":${seconds}, "count_type":"1s"}\n`;
const daily: Rotate = { when: { kind: "daily" }, keep: null };
const bySize = (records: number, keep: number | null = null): Rotate => ({
  when: { kind: "size", bytes: records * at(MIDNIGHT).length },
  keep,
});

async function open(rotate: Rotate, text = "") {
  const disk = new SimulatedDisk();
  if (text !== "") disk.create(PATH, text);
  const parts = sinkOn(disk, 100_000, rotate);
  await parts.sink.open();
  /** The text of each file, by what its name has after the output's name. */
  const files = () =>
    Object.fromEntries(disk.paths().sort().map((path) => [path.slice(PATH.length), disk.text(path)]));
  return { ...parts, files };
}

test("a record that ends at midnight is the last of its day; the next record begins a new file", async () => {
  const { write, files, events, entries } = await open(daily);
  await write(at(MIDNIGHT - 10));
  await write(at(MIDNIGHT));
  assert.deepEqual(Object.keys(files()), [""]);
  await write(at(MIDNIGHT + 1));
  assert.deepEqual(files(), {
    "": at(MIDNIGHT + 1),
    ".2026-11-25": at(MIDNIGHT - 10) + at(MIDNIGHT),
  });
  assert.deepEqual(events(), ["rotated"]);
  assert.equal(entries[0]!.to, `${PATH}.2026-11-25`);
});

test("records that waited for days go to one file per day, also when the file has records of an earlier start", async () => {
  const { write, files, events } = await open(daily, at(MIDNIGHT - 2 * DAY));
  await write(...[-1, 0, 1, 2].map((days) => at(MIDNIGHT + days * DAY)));
  assert.deepEqual(files(), {
    "": at(MIDNIGHT + 2 * DAY),
    ".2026-11-23": at(MIDNIGHT - 2 * DAY),
    ".2026-11-24": at(MIDNIGHT - DAY),
    ".2026-11-25": at(MIDNIGHT),
    ".2026-11-26": at(MIDNIGHT + DAY),
  });
  assert.deepEqual(events(), Array(4).fill("rotated"));
});

test("no file outgrows the size, and a record longer than that gets a file of its own", async () => {
  const { write, files } = await open(bySize(2));
  await write(...[1, 2, 3, 4, 5].map((i) => at(MIDNIGHT + i)));
  const long = at(MIDNIGHT + 6).replace("1s", "x".repeat(200));
  await write(long);
  await write(at(MIDNIGHT + 7));
  assert.deepEqual(files(), {
    "": at(MIDNIGHT + 7),
    ".2026-11-26T000002Z": at(MIDNIGHT + 1) + at(MIDNIGHT + 2),
    ".2026-11-26T000004Z": at(MIDNIGHT + 3) + at(MIDNIGHT + 4),
    ".2026-11-26T000005Z": at(MIDNIGHT + 5),
    ".2026-11-26T000006Z": long,
  });
});

test("a name that is taken gets a number, and the oldest files are removed when there are too many", async () => {
  const { disk, write, files } = await open(bySize(1, 2));
  for (
    const name of [".2026-11-24", ".2026-11-25", ".2026-11-25-1", ".1", ".2026-11-25.gz", ".checkpoint-0"]
  ) {
    disk.create(PATH + name, name);
  }
  disk.create(`${PATH}.2026-11-26T000001Z`, "taken");
  await write(at(MIDNIGHT + 1), at(MIDNIGHT + 1));
  assert.deepEqual(Object.keys(files()), [
    "",
    ".1",
    ".2026-11-25.gz",
    ".2026-11-26T000001Z",
    ".2026-11-26T000001Z-1",
    ".checkpoint-0",
  ]);
});

test("a rotation that fails is logged once, and records still go to the old file", async () => {
  const { disk, write, text, events } = await open(bySize(1));
  disk.pause = (operation) => {
    if (operation === "renameToNew") throw new Error("Permission denied (os error 13)");
    return undefined;
  };
  for (let i = 1; i <= 3; i++) await write(at(MIDNIGHT + i));
  assert.equal(text(), [1, 2, 3].map((i) => at(MIDNIGHT + i)).join(""));
  assert.deepEqual(events(), ["rotation_failing"]);
  disk.pause = () => undefined;
  await write(at(MIDNIGHT + 4));
  assert.equal(text(), at(MIDNIGHT + 4));
});

test("other programs may rename, delete and cut the file, too", async () => {
  const { disk, write, files } = await open(bySize(2));
  await write(at(MIDNIGHT + 1));
  disk.rename(PATH, `${PATH}.1`);
  await write(at(MIDNIGHT + 2), at(MIDNIGHT + 3));
  disk.truncate(PATH, 0);
  await write(at(MIDNIGHT + 4));
  disk.remove(PATH);
  await write(at(MIDNIGHT + 5));
  assert.deepEqual(files(), { "": at(MIDNIGHT + 5), ".1": at(MIDNIGHT + 1) });
});

test("a pipe is never rotated", async () => {
  const disk = new SimulatedDisk();
  disk.create(PATH).isStream = true;
  const { sink, write } = sinkOn(disk, 100, bySize(1));
  await sink.open();
  await write(at(MIDNIGHT + 1), at(MIDNIGHT + 2));
  assert.deepEqual(disk.paths(), [PATH]);
});

test("after short writes and failures of any operation, each record is in one file, whole and once", async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 5 }), taken: fc.nat(120) }) },
    { weight: 1, arbitrary: fc.constantFrom("fail", "repair", "reopen") },
  );
  const rotates = fc.constantFrom(daily, bySize(1), bySize(3), bySize(3, 1000));
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), rotates, async (steps, rotate) => {
    const { sink, disk, write, retry, reopen } = await open(rotate);
    const lines: string[] = [];
    let operations = 0;
    for (const each of steps) {
      if (each === "fail") {
        disk.pause = () => {
          if (operations++ % 3 === 1) throw new Error("Input/output error (os error 5)");
          return undefined;
        };
      } else if (each === "repair") disk.pause = () => undefined;
      else if (each === "reopen") await reopen();
      else {
        const sizes = [each.taken];
        disk.writeMax = () => sizes.shift() ?? Infinity;
        const added = Array.from({ length: each.add }, (_, i) => at(MIDNIGHT + (lines.length + i) * DAY / 4));
        lines.push(...added);
        await write(...added);
      }
      assertConsistent(sink, disk);
    }
    disk.pause = () => undefined;
    for (let i = 0; i < 3; i++) await retry();
    // Sorted by the files' last records. The order of the names is tested above.
    const timeOf = (text: string) => Number(/(\d+)[^\d]+\d*s?"}\n$/.exec(text)?.[1] ?? Infinity);
    const texts = disk.paths().map((path) => disk.text(path)).sort((a, b) => timeOf(a) - timeOf(b));
    assert.equal(texts.join(""), lines.join(""));
  }));
});

test("a restart finds the records in a rotated file", async () => {
  const disk = new SimulatedDisk();
  const dead = disk.process();
  const position = { identity: disk.create(PATH, at(MIDNIGHT)).identity, size: 0 };
  const waiting = [at(MIDNIGHT), at(MIDNIGHT + 1), at(MIDNIGHT + 2)];
  const header = { checkpoint: 1, ...position, records: 3 };
  await dead.replace(`${PATH}.checkpoint-0`, [`${JSON.stringify(header)}\n`, ...waiting].join(""));
  const rotation = new Rotation({ path: PATH, disk: dead, log: logInto([]), ...daily });
  assert.ok(await rotation.rotate(MIDNIGHT));
  disk.create(PATH, at(MIDNIGHT + 1));
  dead.kill();
  const { lines } = await recover(PATH, disk.process(), logInto([]));
  assert.deepEqual(lines, [at(MIDNIGHT + 2)]);
});
