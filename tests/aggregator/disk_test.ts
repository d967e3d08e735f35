import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FileSystem, requireDirectory } from "../../src/aggregator/disk.ts";

const DENO = Deno.execPath();
const HOLDER = fileURLToPath(new URL("../support/lock_holder.ts", import.meta.url));

type Permissions = Deno.PermissionOptionsObject;

/** Gives each test an empty directory of its own, below `data/`. */
function test(name: string, fn: (directory: string) => Promise<void>, permissions: Permissions = {}): void {
  Deno.test({
    name: `disk: ${name}`,
    permissions: { read: ["data"], write: ["data"], ...permissions },
    async fn() {
      await Deno.mkdir("data", { recursive: true });
      const directory = await Deno.makeTempDir({ dir: "data", prefix: "test-disk-" });
      try {
        await fn(directory);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("stat tells which file a path leads to, and how long it is", async (directory) => {
  const disk = new FileSystem();
  const path = `${directory}/a`;
  assert.equal(await disk.stat(path), undefined);
  assert.equal(await disk.stat(`${directory}/none/a`), undefined);
  await Deno.writeTextFile(path, "12345");
  const state = await disk.stat(path);
  assert.equal(state?.size, 5);
  await Deno.rename(path, `${directory}/b`);
  assert.deepEqual(await disk.stat(`${directory}/b`), state);
  await Deno.writeTextFile(path, "12345");
  assert.notEqual((await disk.stat(path))?.identity, state?.identity);
  await assert.rejects(disk.stat(`${path}/below`), "not a directory");
});

test("append adds to the end, creates the file but not its directory, and stays with the file", async (directory) => {
  const disk = new FileSystem();
  const path = `${directory}/a`;
  const file = await disk.append(path);
  assert.deepEqual({ identity: file.identity, size: file.size }, await disk.stat(path));
  assert.equal(await file.write(bytesOf("one\n")), 4);
  await Deno.writeTextFile(path, "by others\n", { append: true });
  await file.write(bytesOf("two\n"));
  await file.sync();
  await Deno.rename(path, `${directory}/b`);
  await file.write(bytesOf("three\n"));
  await Deno.truncate(`${directory}/b`, 4);
  await file.write(bytesOf("four\n"));
  file.close();
  assert.equal(await Deno.readTextFile(`${directory}/b`), "one\nfour\n");
  const again = await disk.append(`${directory}/b`);
  assert.equal(again.size, 9);
  again.close();
  await assert.rejects(disk.append(`${directory}/none/a`), Deno.errors.NotFound);
});

test("read returns what there is between the offset and the most asked for", async (directory) => {
  const disk = new FileSystem();
  const path = `${directory}/a`;
  await Deno.writeTextFile(path, "0123456789");
  const cases: [offset: number, bytesMax: number, text: string][] = [
    [0, 10, "0123456789"],
    [0, 4096, "0123456789"],
    [3, 4, "3456"],
    [8, 4, "89"],
    [10, 4, ""],
    [1000, 4, ""],
    [0, 0, ""],
  ];
  for (const [offset, bytesMax, text] of cases) {
    assert.equal(textOf(await disk.read(path, offset, bytesMax)), text, `${offset}, ${bytesMax}`);
  }
  await assert.rejects(disk.read(`${directory}/none`, 0, 1), Deno.errors.NotFound);
});

test("read takes as many reads as it needs", async (directory) => {
  const path = `${directory}/a`;
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 31);
  await Deno.writeFile(path, bytes);
  assert.deepEqual(await new FileSystem().read(path, 1, 5_000_000), bytes.subarray(1));
});

test("siblings are the files beside a path, not the directories; itself whatever it is", async (directory) => {
  const disk = new FileSystem();
  for (const name of ["a", "b.checkpoint-0"]) await Deno.writeTextFile(`${directory}/${name}`, "");
  await Deno.mkdir(`${directory}/d`);
  const siblings = (path: string) => disk.siblings(path).then((paths) => paths.sort());
  assert.deepEqual(await siblings(`${directory}/a`), [`${directory}/a`, `${directory}/b.checkpoint-0`]);
  assert.equal((await siblings(`${directory}/none`)).length, 2);
  assert.equal((await siblings(`${directory}/d`)).length, 3);
  await assert.rejects(disk.siblings(`${directory}/none/a`), Deno.errors.NotFound);
});

test("replace is one step: a reader finds the old text or the new one, whole", async (directory) => {
  const disk = new FileSystem();
  const path = `${directory}/a`;
  await disk.replace(path, "0\n".repeat(5000));
  let replacing = true;
  const reader = (async () => {
    let reads = 0;
    for (; replacing; reads++) assert.match(await Deno.readTextFile(path), /^(\d\n)\1{4999}$/);
    return reads;
  })();
  for (let i = 1; i < 200; i++) await disk.replace(path, `${i % 10}\n`.repeat(5000));
  replacing = false;
  assert.ok(await reader > 0);
  assert.deepEqual(await namesIn(directory), ["a"]);
  await disk.sync(path);
  await disk.remove(path);
  assert.deepEqual(await namesIn(directory), []);
});

test("replace that fails leaves the old text, its lock, and nothing beside it", async (directory) => {
  const [disk, other] = [new FileSystem(), new FileSystem()];
  const path = `${directory}/a`;
  await Deno.mkdir(path);
  await assert.rejects(disk.replace(path, "text"), "a directory can't be replaced by a file");
  assert.deepEqual(await namesIn(directory), ["a"]);
  await Deno.remove(path);
  await disk.replace(path, "old");
  await Deno.mkdir(`${path}.new`);
  await assert.rejects(disk.replace(path, "new"));
  assert.equal(await Deno.readTextFile(path), "old");
  assert.equal(await other.takeOver(path), false);
  await disk.remove(path);
});

test("takeOver gets what nobody holds: a second file system is as good as a second process", async (directory) => {
  const [living, other, third] = [new FileSystem(), new FileSystem(), new FileSystem()];
  const path = `${directory}/a`;
  await living.replace(path, "one");
  assert.equal(await other.takeOver(path), false);
  await living.replace(path, "two");
  assert.equal(await other.takeOver(path), false, "renewed, and still held");
  await living.remove(path);
  assert.equal(await other.takeOver(path), false, "gone is not dead");
  await Deno.writeTextFile(path, "left by a dead process");
  assert.equal(await other.takeOver(path), true);
  assert.equal(await third.takeOver(path), false, "only one gets it");
  await other.remove(path);
});

test("takeOver does not take the file that a living process has just replaced", async (directory) => {
  const [living, other] = [new FileSystem(), new FileSystem()];
  const path = `${directory}/a`;
  await living.replace(path, "one");
  // Opened before the replacement and locked after it: the lock is free, but the file is not the one at the path.
  const old = await Deno.open(path, { write: true });
  await living.replace(path, "two");
  assert.ok(old.tryLockSync(true));
  old.close();
  for (let i = 0; i < 100; i++) {
    const [taken] = await Promise.all([other.takeOver(path), living.replace(path, `${i}`)]);
    assert.equal(taken, false, `at replacement ${i}`);
  }
  await living.remove(path);
});

test("remove leaves nothing, or at least an empty file; and what others removed is removed", async (directory) => {
  const disk = new FileSystem();
  const path = `${directory}/a`;
  await disk.replace(path, "text");
  const reader = await Deno.open(path);
  await disk.remove(path);
  assert.equal((await reader.stat()).size, 0, "for a directory that would not let it go");
  reader.close();
  await disk.replace(path, "text");
  await Deno.remove(path);
  await disk.remove(path);
  assert.deepEqual(await namesIn(directory), []);
});

test(
  "takeOver gets what a killed process held, and not before it is dead",
  async (directory) => {
    const path = `${directory}/a`;
    await using process = new Deno.Command(DENO, {
      args: ["run", "--no-prompt", `--allow-read=${directory}`, `--allow-write=${directory}`, HOLDER, path],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const disk = new FileSystem();
    const stdout = process.stdout.getReader();
    assert.equal(textOf((await stdout.read()).value ?? new Uint8Array()), "held\n");
    assert.equal(await disk.takeOver(path), false);
    process.kill("SIGKILL");
    await process.status;
    await stdout.cancel();
    assert.equal(await disk.takeOver(path), true);
    await disk.remove(path);
  },
  { run: [DENO] },
);

test("requireDirectory makes what is missing, and is content with what is there", async (directory) => {
  await requireDirectory(`${directory}/b/c/file`);
  await requireDirectory(`${directory}/b/c/file`);
  assert.ok((await Deno.stat(`${directory}/b/c`)).isDirectory);
  await Deno.writeTextFile(`${directory}/file`, "");
  await assert.rejects(requireDirectory(`${directory}/file/below`), {
    message: /^Cannot open \S+\/file\/below: /,
  });
});

for (const name of ["read", "write"] as const) {
  Deno.test({
    name: `disk: requireDirectory names the flag when the ${name} permission is missing`,
    permissions: { read: ["data"], write: ["data"], [name]: [] },
    fn: () =>
      assert.rejects(requireDirectory("data/metrics.jsonl"), {
        name: "NotCapable",
        message:
          `Cannot open data/metrics.jsonl: ${name} permission is missing; run with --allow-${name}=data`,
      }),
  });
}
