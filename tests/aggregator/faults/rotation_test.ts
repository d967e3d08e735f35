import assert from "node:assert/strict";
import { Sink } from "../../../src/aggregator/write/sink.ts";
import { recordLine } from "../../../src/aggregator/write/record.ts";
import { between, faultTest, times, until } from "../../support/processes/long_tests.ts";
import { HookedDisk } from "./hooked_disk.ts";
import { Sender } from "../../support/messages/load.ts";
import { REAL_CLOCK } from "../../../src/shared/clock.ts";
import { eventsInto } from "../../support/recorded_log.ts";
import { sendDatagrams, Service } from "../../support/processes/aggregator_process.ts";
import { makeDirectory } from "../../support/disk/temporary_directory.ts";
import {
  assertConsistent,
  assertGapless,
  assertSums,
  parseStrictly,
  readStrictly,
} from "../../support/disk/strict_records.ts";

const FAULTS = ["rename", "delete", "replace", "truncate"] as const;
type Fault = typeof FAULTS[number];

/** A path whose file is renamed, deleted, replaced and cut. It keeps all text of files at this path. */
class TroubledPath {
  readonly path: string;
  /** Files that are no longer at the path. They stay open, and their text is read at the end. */
  readonly #gone: Deno.FsFile[] = [];
  /** The texts that were cut off. */
  readonly #cut: string[] = [];

  constructor(path: string) {
    this.path = path;
  }

  do(fault: Fault): void {
    const file = this.#open();
    if (!file) return;
    if (fault === "truncate") {
      this.#cut.push(textOf(file));
      file.truncateSync(0);
      return file.close();
    }
    this.#gone.push(file);
    if (fault === "delete") return Deno.removeSync(this.path);
    const other = `${this.path}.${this.#gone.length}`;
    if (fault === "rename") return Deno.renameSync(this.path, other);
    Deno.createSync(other).close();
    Deno.renameSync(other, this.path);
  }

  /** Returns the text of every file that was at the path. */
  texts(): string[] {
    const texts = this.#gone.splice(0).map((file) => {
      const text = textOf(file);
      file.close();
      return text;
    });
    return [...texts, ...this.#cut, Deno.readTextFileSync(this.path)];
  }

  #open(): Deno.FsFile | undefined {
    try {
      return Deno.openSync(this.path, { read: true, write: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined; // The sink has not yet made a new file.
      throw error;
    }
  }
}

function textOf(file: Deno.FsFile): string {
  const bytes = new Uint8Array(file.statSync().size);
  file.seekSync(0, Deno.SeekMode.Start);
  for (let read = 0; read < bytes.length;) read += file.readSync(bytes.subarray(read)) ?? bytes.length;
  return new TextDecoder().decode(bytes);
}

function lineOf(timestampSeconds: number): string {
  return recordLine({ timestampSeconds, lengthSeconds: 1, sum: 1n, max: 2n, min: 3n, partial: false });
}

/**
 * Writes to a sink at full speed while the fault hits its file `count` times, between any two of the sink's
 * calls. Returns the text of every file.
 */
async function trouble(
  directory: string,
  fault: Fault,
  count: number,
  shortWrites: boolean,
): Promise<string[]> {
  const troubled = new TroubledPath(`${directory}/${fault}-${shortWrites}.jsonl`);
  let callsLeft = Infinity;
  const disk = new HookedDisk((call) => {
    // The sink can't notice a cut between its look at the file and the write of a record's second half.
    if (shortWrites && fault === "truncate" && call === "write") return;
    if (callsLeft-- === 0) troubled.do(fault);
  }, (bytes) => shortWrites ? Math.ceil(between(0, bytes)) : bytes);
  const events: string[] = [];
  const log = eventsInto(events);
  const sink = new Sink({ path: troubled.path, disk, clock: REAL_CLOCK, log, recordsWaitingMax: 1000 });
  await sink.open();
  let timestamp = 0;
  for (let done = 0; done < count; done++) {
    callsLeft = Math.floor(between(0, 8));
    while (callsLeft >= 0) {
      sink.add(Array.from({ length: Math.ceil(between(0, 3)) }, () => lineOf(++timestamp)));
      if (Math.random() < 0.2) sink.reopen();
      await sink.flush();
    }
  }
  await until("the last record", async () => {
    await sink.flush();
    return !events.includes("sink_failing") ||
      events.lastIndexOf("sink_recovered") > events.lastIndexOf("sink_failing");
  });
  await sink.close();
  const texts = troubled.texts();
  // A file taken away after a short write ends in half a record, and the whole record is in the next file. If
  // the record lacks only its newline, it is whole and not in the next file. After a cut it is always written
  // again: the sink can't know whether another program kept what was cut off.
  const isWhole = (text: string) => text.endsWith("}") && fault !== "truncate";
  const whole = texts.map((text) => isWhole(text) ? `${text}\n` : text.slice(0, text.lastIndexOf("\n") + 1));
  const timestamps = whole.flatMap(parseStrictly).map((each) => each.timestamp);
  const expected = Array.from({ length: timestamp }, (_, i) => i + 1);
  assert.deepEqual(timestamps.toSorted((a, b) => a - b), expected, `${fault}: each record once`);
  return texts;
}

for (const fault of FAULTS) {
  faultTest(
    `${fault}: the sink continues in the right file, and every record is there once and whole`,
    async () => {
      const directory = await makeDirectory();
      try {
        const texts = await trouble(directory, fault, times(50, 200), false);
        for (const text of texts) parseStrictly(text); // no line is torn, no byte is foreign
        for (const text of await trouble(directory, fault, times(50, 200), true)) {
          assert.ok(!text.includes("\0"));
        }
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  );
}

faultTest(
  "a service whose file is renamed, deleted, replaced and cut continues without a signal",
  async () => {
    await using service = await Service.start("start", ["--workers", "2", "--windows", "1s,2s"]);
    await using sender = new Sender(service.port, ["--rate", "5000/s", "--count", "10000000"]);
    const troubled = new TroubledPath(service.out);
    for (let round = 0; round < times(1, 5); round++) {
      for (const fault of FAULTS) {
        troubled.do(fault);
        await service.recordsUntil((records) => records.some((record) => record.A1_sum > 0));
      }
    }
    const sent = await sender.stop();
    const { code, totals } = await service.stop();
    assert.equal(code, 0);
    const records = troubled.texts().flatMap(parseStrictly).sort((a, b) =>
      a.timestamp - b.timestamp || a.seconds - b.seconds
    );
    assert.equal(records.length, totals.records);
    assertConsistent(records);
    assertSums(records, [1, 2], BigInt(sent.A1_sum));
    for (const seconds of [1, 2]) assertGapless(records, seconds);
  },
);

faultTest("after a rename, SIGHUP creates the file again at once, long before the next record", async () => {
  await using service = await Service.start("start");
  await Deno.rename(service.out, `${service.out}.1`);
  service.signal("SIGHUP");
  await service.event("reopened");
  assert.deepEqual(await readStrictly(service.out), []);
  assert.equal((await service.stop()).code, 0);
});

faultTest(
  "--rotate renames the file, and after a kill every record is in one of the files, once",
  async () => {
    const directory = await makeDirectory();
    try {
      const out = `${directory}/metrics.jsonl`;
      const old = lineOf(1_700_000_000).repeat(4096 / lineOf(1_700_000_000).length);
      await Deno.writeTextFile(out, old);
      const flags = ["--windows", "1s,2s", "--out", out, "--rotate", "4K", "--keep", "3"];
      {
        await using service = await Service.start("start", flags);
        await sendDatagrams(service.port, ['{"A1":7,"A2":1,"A3":1}']);
        const { to } = await service.event("rotated");
        assert.equal(to, `${out}.2023-11-14T221320Z`);
        await service.recordsUntil((records) => records.some((record) => record.A1_sum === 7));
        await sendDatagrams(service.port, ['{"A1":5,"A2":1,"A3":1}']);
        await service.stop("SIGKILL");
      }
      await using next = await Service.start("start", flags);
      await sendDatagrams(next.port, ['{"A1":3,"A2":1,"A3":1}']);
      assert.equal((await next.stop()).code, 0);
      const names = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
      assert.deepEqual(names, ["metrics.jsonl", "metrics.jsonl.2023-11-14T221320Z"]);
      assert.equal(await Deno.readTextFile(`${directory}/${names[1]}`), old);
      const records = await readStrictly(out);
      assertConsistent(records);
      // The kill may have come before a checkpoint had the second message: the sum is 15 with it, 10 without.
      const sum = records.filter(({ seconds }) => seconds === 1).reduce(
        (total, each) => total + each.sum,
        0n,
      );
      assert.ok(sum === 15n || sum === 10n, `${sum}`);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
