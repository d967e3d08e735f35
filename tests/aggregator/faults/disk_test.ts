import assert from "node:assert/strict";
import { FileSystem } from "../../../src/aggregator/write/disk.ts";
import { between, faultTest, FULL, sleep, times, until } from "../../support/processes/long_tests.ts";
import { Sender } from "../../support/messages/load.ts";
import { Service } from "../../support/processes/aggregator_process.ts";
import { makeDirectory } from "../../support/disk/temporary_directory.ts";
import {
  assertConsistent,
  assertGapless,
  assertSums,
  parseStrictly,
} from "../../support/disk/strict_records.ts";

/** How long an outage lasts after the service has noticed it: longer than a window and a retry. */
const OUTAGE_MS = 2500;

interface Outage {
  directory: string;
  lengths: readonly number[];
  /** The file's text before the service starts. */
  content?: string;
  begin(): void | Promise<void>;
  /** Called repeatedly until the service notices the outage. */
  prolong?(): void;
  end(): void | Promise<void>;
}

/**
 * Runs a service through an outage under load, and checks that its file has every record and every message.
 */
async function endure({ directory, lengths, content = "", begin, prolong, end }: Outage): Promise<void> {
  const out = `${directory}/metrics.jsonl`;
  if (content !== "") await Deno.writeTextFile(out, content);
  const windows = lengths.map((seconds) => `${seconds}s`).join(",");
  await using service = await Service.start("start", ["--workers", "2", "--windows", windows, "--out", out]);
  await using sender = new Sender(service.port, ["--rate", "2000/s", "--count", "10000000"]);
  await begin();
  await until("the outage", () => {
    prolong?.();
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

faultTest(
  "when the directory is renamed away and back, records wait and are then written in order",
  async () => {
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
  },
);

faultTest(
  "a deleted checkpoint is written again, and the next start recovers its records",
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
      await until("a new checkpoint", () => checkpoint() !== undefined);
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

/** Mounts a tmpfs on `directory`. @throws {Error} The test does not run as root. */
async function mount(directory: string, options: string): Promise<void> {
  const args = ["-t", "tmpfs", "-o", options, "sluice-test", directory];
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  const reason = new TextDecoder().decode(stderr).trim();
  assert.ok(success, `Cannot mount a file system: run this test as root (CAP_SYS_ADMIN). ${reason}`);
}

async function unmount(directory: string): Promise<void> {
  await new Deno.Command("umount", { args: ["--lazy", directory], stderr: "null" }).output();
}

/** A tmpfs allocates space in blocks of this size. */
const BLOCK_BYTES = 4096;
/**
 * So many windows that the waiting records soon outgrow the checkpoint. A full disk has no room for a larger
 * one, so the checkpoint is removed, and records fill its blocks, too.
 */
const MANY_LENGTHS = Array.from({ length: 16 }, (_, i) => i + 1);

/** Fills the file system to its last block. */
function fill(directory: string): void {
  using filler = Deno.openSync(`${directory}/filler`, { append: true, create: true });
  try {
    for (;;) filler.writeSync(new Uint8Array(BLOCK_BYTES));
  } catch (error) {
    assert.match(String(error), /No space left/);
  }
}

/** Returns an old record that leaves `rest` bytes of its block free. */
function contentUpTo(rest: number): string {
  const line = (max: string) =>
    `{"timestamp":1000, "count_type":"1s", "A1_sum": 0, "A2_max":${max}, "A3_min": 0}\n`;
  return line("1".padEnd(BLOCK_BYTES - rest - line("").length, "0"));
}

// These tests need root and fail without it, so they run with --full only.
if (FULL) {
  faultTest(
    "when a full disk has space again, a half-written line is completed, and nothing is lost or repeated",
    async () => {
      const directory = await makeDirectory();
      try {
        let halfLines = 0;
        for (let round = 0; round < 4; round++) {
          await mount(directory, "size=64k");
          await endure({
            directory,
            lengths: MANY_LENGTHS,
            content: contentUpTo(Math.floor(between(0, 1000))),
            begin: () => fill(directory),
            prolong: () => fill(directory),
            end() {
              if (!Deno.readTextFileSync(`${directory}/metrics.jsonl`).endsWith("\n")) halfLines++;
              Deno.removeSync(`${directory}/filler`);
            },
          });
          await unmount(directory);
        }
        assert.ok(halfLines > 0, "no write ended within a record");
      } finally {
        await unmount(directory);
        await Deno.remove(directory, { recursive: true });
      }
    },
    ["mount", "umount"],
  );

  faultTest(
    "on a full disk, a checkpoint that fits is renewed, and one that doesn't fit leaves the old text",
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
    "when a read-only file system is mounted on the directory, records wait until it is unmounted",
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
