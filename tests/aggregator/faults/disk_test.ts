import assert from "node:assert/strict";
import { FileSystem } from "../../../src/aggregator/write/disk.ts";
import { between, faultTest, FULL, sleep, times, until } from "../../support/processes/faults.ts";
import { Sender } from "../../support/messages/load.ts";
import { Service } from "../../support/processes/aggregator_process.ts";
import { makeDirectory } from "../../support/disk/temporary_directory.ts";
import {
  assertConsistent,
  assertGapless,
  assertSums,
  parseStrictly,
} from "../../support/disk/strict_file.ts";

/** How long an outage goes on once it was noticed: for more than a window and a retry. */
const OUTAGE_MS = 2500;

interface Outage {
  directory: string;
  lengths: readonly number[];
  /** What is in the file before. */
  content?: string;
  begin(): void | Promise<void>;
  /** Called again and again until it is noticed. */
  keepUp?(): void;
  end(): void | Promise<void>;
}

/** Lets a service live through an outage under load, and checks that its file says all there is to say. */
async function endure({ directory, lengths, content = "", begin, keepUp, end }: Outage): Promise<void> {
  const out = `${directory}/metrics.jsonl`;
  if (content !== "") await Deno.writeTextFile(out, content);
  const windows = lengths.map((seconds) => `${seconds}s`).join(",");
  await using service = await Service.start("start", ["--workers", "2", "--windows", windows, "--out", out]);
  await using sender = new Sender(service.port, ["--rate", "2000/s", "--count", "10000000"]);
  await begin();
  await until("the outage", () => {
    keepUp?.();
    return service.log.some(({ event }) => event === "sink_failing");
  });
  await sleep(OUTAGE_MS);
  const sent = await sender.stop();
  await end();
  await service.event("sink_recovered");
  const { code, totals } = await service.stop();
  assert.equal(code, 0);
  assert.equal(totals.accepted, sent.sent);
  assert.equal(totals.dropped, 0);
  for (const event of ["sink_failing", "sink_recovered"]) {
    assert.equal(service.log.filter((entry) => entry.event === event).length, 1, event);
  }
  const text = await Deno.readTextFile(out);
  assert.ok(text.startsWith(content));
  const records = parseStrictly(text.slice(content.length));
  assert.equal(records.length, totals.records);
  assertConsistent(records);
  for (const seconds of lengths) assertGapless(records, seconds);
  assertSums(records, lengths, BigInt(sent.A1_sum));
  assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["metrics.jsonl"]);
}

faultTest("the directory is renamed away and back: the records wait and are written in order", async () => {
  const parent = await makeDirectory();
  const [directory, away] = [`${parent}/here`, `${parent}/away`];
  try {
    for (let round = 0; round < times(1, 5); round++) {
      await Deno.mkdir(directory);
      await endure({
        directory,
        lengths: [1, 2],
        begin: () => Deno.rename(directory, away),
        end: () => Deno.rename(away, directory),
      });
      await Deno.remove(directory, { recursive: true });
    }
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

faultTest(
  "the checkpoint is deleted: it comes back, and the next start writes what it holds",
  async () => {
    const directory = await makeDirectory();
    const out = `${directory}/metrics.jsonl`;
    const checkpoint = () =>
      [...Deno.readDirSync(directory)].find(({ name }) => name.includes(".checkpoint-"));
    try {
      await using service = await Service.start("start", ["--windows", "60s", "--out", out]);
      await using sender = new Sender(service.port, ["--rate", "2000/s", "--count", "10000000"]);
      await until("a checkpoint", () => checkpoint() !== undefined);
      await Deno.remove(`${directory}/${checkpoint()!.name}`);
      await until("the checkpoint anew", () => checkpoint() !== undefined);
      await sender.stop();
      service.signal("SIGKILL");
      await service[Symbol.asyncDispose]();
      await using next = await Service.start("start", ["--windows", "60s", "--out", out]);
      assert.equal((await next.event("recovered")).records, 1);
      assert.ok(parseStrictly(await Deno.readTextFile(out))[0]!.partial);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

/** Mounts a small file system on `directory`. @throws {Error} That takes root. */
async function mount(directory: string, options: string): Promise<void> {
  const args = ["-t", "tmpfs", "-o", options, "sluice-test", directory];
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  const reason = new TextDecoder().decode(stderr).trim();
  assert.ok(success, `Cannot mount a file system: run this test as root (CAP_SYS_ADMIN). ${reason}`);
}

async function unmount(directory: string): Promise<void> {
  await new Deno.Command("umount", { args: ["--lazy", directory], stderr: "null" }).output();
}

/** A tmpfs gives files room by the block. */
const BLOCK_BYTES = 4096;
/** So many records that they soon outgrow the checkpoint, and fill a block that it gives up: it can't be larger. */
const MANY_LENGTHS = Array.from({ length: 16 }, (_, i) => i + 1);

/** Takes every block that is left. */
function fill(directory: string): void {
  using filler = Deno.openSync(`${directory}/filler`, { append: true, create: true });
  try {
    for (;;) filler.writeSync(new Uint8Array(BLOCK_BYTES));
  } catch (error) {
    assert.match(String(error), /No space left/);
  }
}

/** An old record that leaves `rest` bytes of its block. */
function contentUpTo(rest: number): string {
  const line = (max: string) =>
    `{"timestamp":1000, "count_type":"1s", "A1_sum": 0, "A2_max":${max}, "A3_min": 0}\n`;
  return line("1".padEnd(BLOCK_BYTES - rest - line("").length, "0"));
}

// What needs root fails without it, loudly; so it is no part of the gate.
if (FULL) {
  faultTest(
    "the disk is full, then emptied: half a line is completed, nothing lost or repeated",
    async () => {
      const directory = await makeDirectory();
      try {
        let halves = 0;
        for (let round = 0; round < 4; round++) {
          await mount(directory, "size=64k");
          await endure({
            directory,
            lengths: MANY_LENGTHS,
            content: contentUpTo(Math.floor(between(0, 1000))),
            begin: () => fill(directory),
            keepUp: () => fill(directory),
            end() {
              if (!Deno.readTextFileSync(`${directory}/metrics.jsonl`).endsWith("\n")) halves++;
              Deno.removeSync(`${directory}/filler`);
            },
          });
          await unmount(directory);
        }
        assert.ok(halves > 0, "no write ended within a record");
      } finally {
        await unmount(directory);
        await Deno.remove(directory, { recursive: true });
      }
    },
    ["mount", "umount"],
  );

  faultTest(
    "the disk is full: a text that fits is renewed, one that doesn't leaves the old one",
    async () => {
      const directory = await makeDirectory();
      const path = `${directory}/a`;
      try {
        await mount(directory, "size=64k");
        const disk = new FileSystem();
        await disk.replace(path, "");
        fill(directory);
        for (let i = 0; i < 20; i++) {
          const text = "x".repeat(200 * i);
          await disk.replace(path, text);
          assert.equal(await disk.latest(path), text);
          await assert.rejects(disk.replace(path, "x".repeat(5000)), /No space left/);
          assert.equal(await disk.latest(path), text);
        }
        await Deno.remove(`${directory}/filler`);
        await disk.replace(path, "x".repeat(5000));
        assert.equal(await disk.latest(path), "x".repeat(5000));
        await disk.remove(path);
      } finally {
        await unmount(directory);
        await Deno.remove(directory, { recursive: true });
      }
    },
    ["mount", "umount"],
  );

  faultTest(
    "a read-only file system takes the directory's place: the records wait until it is gone",
    async () => {
      const directory = await makeDirectory();
      try {
        for (let round = 0; round < 3; round++) {
          await endure({
            directory,
            lengths: [1, 2],
            begin: () => mount(directory, "size=64k,ro"),
            end: () => unmount(directory),
          });
          await Deno.remove(`${directory}/metrics.jsonl`);
        }
      } finally {
        await unmount(directory);
        await Deno.remove(directory, { recursive: true });
      }
    },
    ["mount", "umount"],
  );
}
