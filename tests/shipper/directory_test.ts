import assert from "node:assert/strict";
import { FileDirectory } from "../../src/shipper/directory.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";

function test(name: string, fn: (directory: string) => Promise<void>): void {
  Deno.test({
    name: `directory: ${name}`,
    permissions: { read: ["data"], write: ["data"] },
    fn: () => withDirectory(fn),
  });
}

test("it finds the file, its rotated files, and the compressed ones, which can't be read", async (path) => {
  const directory = new FileDirectory(`${path}/m.jsonl`);
  assert.deepEqual(await directory.files(), []);
  for (const name of ["m.jsonl", "m.jsonl.1", "m.jsonl.2.gz", "m.jsonl.checkpoint-0a", "other"]) {
    await Deno.writeTextFile(`${path}/${name}`, "a\n");
  }
  await Deno.mkdir(`${path}/m.jsonl.3`);
  const files = await directory.files();
  assert.deepEqual(
    files.map((file) => [file.path, file.isActive, file.isSettled]).sort(),
    [[`${path}/m.jsonl`, true, false], [`${path}/m.jsonl.1`, false, false]],
  );
  assert.deepEqual(directory.compressed, ["m.jsonl.2.gz"]);
  const later = new FileDirectory(`${path}/m.jsonl`, () => Date.now() + 11_000);
  assert.ok((await later.files()).every(({ isSettled }) => isSettled));
});

test("an open file stays the same after a rename, and a new file at its path is a different one", async (path) => {
  const directory = new FileDirectory(`${path}/m.jsonl`);
  await Deno.writeTextFile(`${path}/m.jsonl`, "first\n");
  const [before] = await directory.files();
  const file = (await directory.open(before!.path))!;
  await Deno.rename(`${path}/m.jsonl`, `${path}/m.jsonl.1`);
  await Deno.writeTextFile(`${path}/m.jsonl`, "second\n");
  const after = await directory.files();
  assert.equal(after.find(({ isActive }) => !isActive)!.node, before!.node);
  assert.notEqual(after.find(({ isActive }) => isActive)!.node, before!.node);
  assert.equal(new TextDecoder().decode(await file.read(1, 3)), "irs");
  assert.equal(await file.size(), 6);
  file.close();
  assert.equal(await directory.open(`${path}/gone`), undefined);
});

test("a file that is removed and created again is a different one, even with the same inode", async (path) => {
  const directory = new FileDirectory(`${path}/m.jsonl`);
  const nodes = new Set<string>();
  for (let round = 0; round < 20; round++) {
    await Deno.writeTextFile(`${path}/m.jsonl`, "a\n");
    nodes.add((await directory.files())[0]!.node);
    await Deno.remove(`${path}/m.jsonl`);
    // The kernel takes birth times from its tick, which lasts 1 to 10 ms.
    for (const ms = Date.now(); Date.now() < ms + 12;);
  }
  assert.equal(nodes.size, 20);
});

test("a write changes the file's version", async (path) => {
  const directory = new FileDirectory(`${path}/m.jsonl`);
  await Deno.writeTextFile(`${path}/m.jsonl`, "a\n");
  const [before] = await directory.files();
  await Deno.writeTextFile(`${path}/m.jsonl`, "b\n", { append: true });
  const [after] = await directory.files();
  assert.notEqual(after!.version, before!.version);
});

test("a second shipper gets the lock only after the first has closed the file", async (path) => {
  const directory = new FileDirectory(`${path}/m.jsonl`);
  await Deno.writeTextFile(`${path}/m.jsonl`, "a\n");
  const [one, other] = [
    (await directory.open(`${path}/m.jsonl`))!,
    (await directory.open(`${path}/m.jsonl`))!,
  ];
  assert.deepEqual([one.lock(), other.lock()], [true, false]);
  one.close();
  assert.equal(other.lock(), true);
  other.close();
});
