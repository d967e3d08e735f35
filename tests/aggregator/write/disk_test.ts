import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FileSystem, requireDirectory } from "../../../src/aggregator/write/disk.ts";
import { ForeignFile } from "../../../src/shared/files/data_files.ts";
import { makeHardLink, makeSymlink } from "../../support/disk/links.ts";
import { patchFiles } from "../../support/disk/patched_files.ts";
import { makePipe } from "../../support/disk/named_pipe.ts";
import { namesIn, withDirectory } from "../../support/disk/temporary_directory.ts";

const DENO = Deno.execPath();
const HOLDER = fileURLToPath(new URL("./lock_holder.ts", import.meta.url));

type Permissions = Deno.PermissionOptionsObject;

/** Gives each test an empty directory of its own, below `data/`. */
function test(name: string, fn: (directory: string) => Promise<void>, permissions: Permissions = {}): void {
  Deno.test({
    name: `disk: ${name}`,
    permissions: { read: ["data"], write: ["data"], ...permissions },
    fn: () => withDirectory(fn),
  });
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("stat returns which file is at a path, and its size", async (directory) => {
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

test("read returns the bytes from the offset on, up to the given number", async (directory) => {
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

test("read goes on after a short read", async (directory) => {
  const path = `${directory}/a`;
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 31);
  await Deno.writeFile(path, bytes);
  assert.deepEqual(await new FileSystem().read(path, 1, 5_000_000), bytes.subarray(1));
});

test("siblings returns the files beside a path; the path itself even if it is a directory", async (directory) => {
  const disk = new FileSystem();
  for (const name of ["a", "b.checkpoint-0"]) await Deno.writeTextFile(`${directory}/${name}`, "");
  await Deno.mkdir(`${directory}/d`);
  const siblings = (path: string) => disk.siblings(path).then((paths) => paths.sort());
  assert.deepEqual(await siblings(`${directory}/a`), [`${directory}/a`, `${directory}/b.checkpoint-0`]);
  assert.equal((await siblings(`${directory}/none`)).length, 2);
  assert.equal((await siblings(`${directory}/d`)).length, 3);
  await assert.rejects(disk.siblings(`${directory}/none/a`), Deno.errors.NotFound);
});

test("latest returns the text of the last replace: empty without a file, undefined without a whole text", async (directory) => {
  const disk = new FileSystem();
  const path = `${directory}/a`;
  assert.equal(await disk.latest(path), "");
  for (const text of ["one", "two", "three".repeat(10_000), ""]) {
    await disk.replace(path, text);
    assert.equal(await disk.latest(path), text);
  }
  await disk.remove(path);
  for (const text of ["x", "a text as it is\n", "\0".repeat(16_384), " ".repeat(16_384)]) {
    await Deno.writeTextFile(path, text);
    assert.equal(await disk.latest(path), undefined);
  }
});

test("replace is atomic: a reader always finds a whole text", async (directory) => {
  const disk = new FileSystem();
  const path = `${directory}/a`;
  await disk.replace(path, "0\n".repeat(5000));
  await disk.sync(path); // The synced text stays, for a reader that looks at one slot after the other.
  let replacing = true;
  const reader = (async () => {
    let reads = 0;
    for (; replacing; reads++) assert.match(await disk.latest(path) ?? "damaged", /^(\d\n)\1{4999}$/);
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

test("a replace that fails leaves the old text and its lock, and no other file", async (directory) => {
  const [disk, other] = [new FileSystem(), new FileSystem()];
  const path = `${directory}/a`;
  await Deno.mkdir(path);
  await assert.rejects(disk.replace(path, "text"), "a directory can't be replaced by a file");
  assert.deepEqual(await namesIn(directory), ["a"]);
  await Deno.remove(path);
  await disk.replace(path, "old");
  {
    using _ = patchFiles("write", () => Promise.reject(new Error("Input/output error (os error 5)")));
    await assert.rejects(disk.replace(path, "new, and longer\n".repeat(1000)));
  }
  assert.equal(await disk.latest(path), "old");
  assert.equal(await other.takeOver(path), false);
  await disk.replace(path, "new");
  assert.equal(await disk.latest(path), "new", "a text that fits needs no new file");
  await disk.remove(path);
});

test("takeOver gets only files that no process holds; each FileSystem here stands for a process", async (directory) => {
  const [living, other, third] = [new FileSystem(), new FileSystem(), new FileSystem()];
  const path = `${directory}/a`;
  await living.replace(path, "one");
  assert.equal(await other.takeOver(path), false);
  await living.replace(path, "two");
  assert.equal(await other.takeOver(path), false, "renewed and still locked");
  await living.remove(path);
  assert.equal(await other.takeOver(path), false, "a file that is gone is not the file of a dead process");
  await Deno.writeTextFile(path, "left by a dead process");
  assert.equal(await other.takeOver(path), true);
  assert.equal(await third.takeOver(path), false, "only one process gets the file");
  await other.remove(path);
});

test("takeOver does not take the file that a living process has just replaced", async (directory) => {
  const [living, other] = [new FileSystem(), new FileSystem()];
  const path = `${directory}/a`;
  await living.replace(path, "short");
  // `old` is opened before the replacement and locked after it: the lock is free, but the path has a new file.
  const old = await Deno.open(path, { write: true });
  await living.replace(path, "long\n".repeat(1000));
  assert.ok(old.tryLockSync(true));
  old.close();
  for (let i = 0; i < 100; i++) {
    // Every other text outgrows the file.
    const replaced = living.replace(path, "long\n".repeat(i % 2 * 1000));
    const [taken] = await Promise.all([other.takeOver(path), replaced]);
    assert.equal(taken, false, `at replacement ${i}`);
    if (i % 2 === 0) continue;
    await living.remove(path);
    await living.replace(path, "short");
  }
  await living.remove(path);
});

test("remove deletes the file or at least empties it; a file that is gone already is no error", async (directory) => {
  const disk = new FileSystem();
  const path = `${directory}/a`;
  await disk.replace(path, "text");
  const { remove } = Deno;
  Deno.remove = () => Promise.reject(new Error("Permission denied (os error 13)"));
  await disk.remove(path).finally(() => Deno.remove = remove);
  assert.equal((await Deno.stat(path)).size, 0);
  await Deno.remove(path);
  await disk.replace(path, "text");
  await Deno.remove(path);
  await disk.remove(path);
  assert.deepEqual(await namesIn(directory), []);
});

test("takeOver refuses symbolic links, hard links and pipes, and changes nothing", async (directory) => {
  const disk = new FileSystem();
  await Deno.writeTextFile(`${directory}/other`, "other");
  await makeHardLink(`${directory}/other`, `${directory}/hard`);
  await makeSymlink("other", `${directory}/soft`);
  await makePipe(`${directory}/pipe`);
  for (const name of ["hard", "soft", "pipe", "other"]) {
    await assert.rejects(disk.takeOver(`${directory}/${name}`), ForeignFile, name);
  }
  assert.equal(await Deno.readTextFile(`${directory}/other`), "other");
  assert.deepEqual(await namesIn(directory), ["hard", "other", "pipe", "soft"]);
}, { run: ["/bin/sh"] });

test("takeOver refuses a file that another user has made", async (directory) => {
  await Deno.writeTextFile(`${directory}/a`, "text");
  let uid = 1000;
  using _ = patchFiles("stat", async (stat) => ({ ...await stat(), uid: uid++ }));
  await assert.rejects(new FileSystem().takeOver(`${directory}/a`), {
    message: "it belongs to another user",
  });
  assert.deepEqual(await namesIn(directory), ["a"]);
});

test("renameToNew never replaces a file, and leaves nothing behind when it fails", async (directory) => {
  const disk = new FileSystem();
  for (const name of ["a", "taken"]) await Deno.writeTextFile(`${directory}/${name}`, name);
  await assert.rejects(disk.renameToNew(`${directory}/a`, `${directory}/taken`), Deno.errors.AlreadyExists);
  await assert.rejects(disk.renameToNew(`${directory}/none`, `${directory}/b`), Deno.errors.NotFound);
  assert.deepEqual(await namesIn(directory), ["a", "taken"]);
  await disk.renameToNew(`${directory}/a`, `${directory}/b`);
  assert.equal(await Deno.readTextFile(`${directory}/b`), "a");
  assert.deepEqual(await namesIn(directory), ["b", "taken"]);
});

test("files are created with the given mode", async (directory) => {
  const disk = new FileSystem(0o600);
  const file = await disk.append(`${directory}/a`);
  file.close();
  await disk.replace(`${directory}/b`, "text");
  for (const name of ["a", "b"]) assert.equal((await Deno.stat(`${directory}/${name}`)).mode! & 0o777, 0o600);
  await disk.remove(`${directory}/b`);
});

test(
  "takeOver gets the file of a killed process, but not before its death, and finds a whole text",
  async (directory) => {
    const path = `${directory}/a`;
    for (let round = 0; round < 3; round++) {
      await using process = new Deno.Command(DENO, {
        args: ["run", "--no-prompt", `--allow-read=${directory}`, `--allow-write=${directory}`, HOLDER, path],
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const disk = new FileSystem();
      const stdout = process.stdout.getReader();
      const printed = textOf((await stdout.read()).value!).trimEnd().split("\n").at(-1);
      assert.equal(await disk.takeOver(path), false);
      process.kill("SIGKILL");
      await process.status;
      await stdout.cancel();
      assert.equal(await disk.takeOver(path), true);
      const [, kept] = /^(\d+)\n(\1\n)*$/.exec((await disk.latest(path)) ?? "damaged") ?? [];
      assert.ok(Number(kept) >= Number(printed), `${kept} is not ${printed} or later`);
      await disk.remove(path);
    }
  },
  { run: [DENO] },
);

test("requireDirectory creates missing directories and accepts existing ones", async (directory) => {
  await requireDirectory(`${directory}/b/c/file`);
  await requireDirectory(`${directory}/b/c/file`);
  assert.ok((await Deno.stat(`${directory}/b/c`)).isDirectory);
  await Deno.writeTextFile(`${directory}/file`, "");
  await assert.rejects(requireDirectory(`${directory}/file/below`), {
    message: /^Cannot open \S+\/file\/below: /,
  });
});

test(
  "requireDirectory refuses a path through a symbolic link to a directory without permission",
  async (directory) => {
    await makeSymlink("/tmp", `${directory}/link`);
    const path = `${directory}/link/sluice-none/a`;
    await assert.rejects(requireDirectory(path), {
      message:
        `Cannot open ${path}: a symbolic link leads to /tmp/sluice-none/a, which --allow-read does not cover`,
    });
  },
  { run: ["/bin/sh"] },
);

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
