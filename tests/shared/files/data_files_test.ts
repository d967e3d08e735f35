import assert from "node:assert/strict";
import {
  createBeside,
  ForeignFile,
  openPlain,
  removeUnfinished,
  replaceText,
  unfinishedOf,
  writeAll,
} from "../../../src/shared/files/data_files.ts";
import { makeHardLink, makeSymlink } from "../../support/disk/links.ts";
import { patchFiles } from "../../support/disk/patch.ts";
import { namesIn, withDirectory } from "../../support/disk/temporary_directory.ts";

function test(name: string, fn: (path: string, directory: string) => Promise<void>): void {
  Deno.test({
    name: `data files: ${name}`,
    permissions: { read: ["data"], write: ["data"], run: ["/bin/sh"] },
    fn: () => withDirectory((directory) => fn(`${directory}/a`, directory)),
  });
}

test(
  "a file made beside a path has a name of its own each time, and the mode asked for",
  async (path, directory) => {
    for (const mode of [undefined, 0o600]) {
      const { file, name } = await createBeside(path, mode);
      assert.equal(unfinishedOf(name), path);
      assert.equal((await file.stat()).mode! & 0o777, (mode ?? 0o640) & ~umask());
      file.close();
    }
    assert.equal((await namesIn(directory)).length, 2);
    assert.equal(unfinishedOf(path), undefined);
  },
);

/** What the system takes from the mode of every new file. */
function umask(): number {
  const path = Deno.makeTempFileSync({ dir: "data" });
  Deno.removeSync(path);
  Deno.openSync(path, { createNew: true, write: true, mode: 0o777 }).close();
  const { mode } = Deno.statSync(path);
  Deno.removeSync(path);
  return 0o777 & ~mode!;
}

test(
  "a text is replaced as one step, also in place of a link, which is not followed",
  async (path, directory) => {
    await Deno.writeTextFile(`${directory}/other`, "other");
    for (const plant of [makeSymlink, makeHardLink]) {
      await plant(plant === makeSymlink ? "other" : `${directory}/other`, path);
      await replaceText(path, "new");
      assert.equal(await Deno.readTextFile(path), "new");
      assert.equal(await Deno.readTextFile(`${directory}/other`), "other");
      assert.ok(!(await Deno.lstat(path)).isSymlink);
      await Deno.remove(path);
    }
    assert.deepEqual(await namesIn(directory), ["other"]);
  },
);

test("a replacement that fails leaves the old text, and nothing beside it", async (path, directory) => {
  await replaceText(path, "old");
  {
    using _ = patchFiles("write", () => Promise.resolve(0));
    await assert.rejects(replaceText(path, "new"), /took no byte/);
  }
  assert.equal(await Deno.readTextFile(path), "old");
  assert.deepEqual(await namesIn(directory), ["a"]);
});

test("a write that ends early is continued", async (path) => {
  using _ = patchFiles("write", (write, bytes) => write(bytes.subarray(0, 2)));
  using file = await Deno.open(path, { write: true, createNew: true });
  await writeAll(file, new TextEncoder().encode("12345"));
  assert.equal(await Deno.readTextFile(path), "12345");
});

test("a plain file is opened, and what leads elsewhere is not", async (path, directory) => {
  assert.equal(await openPlain(path), undefined);
  await Deno.writeTextFile(path, "text");
  const { file, info } = (await openPlain(path))!;
  file.close();
  assert.equal(info.size, 4, "it is not cut");
  await makeHardLink(path, `${directory}/hard`);
  await makeSymlink("none", `${directory}/soft`);
  await Deno.mkdir(`${directory}/folder`);
  for (const name of ["a", "hard", "soft", "folder"]) {
    await assert.rejects(openPlain(`${directory}/${name}`), ForeignFile, name);
  }
});

test("what was left unfinished is removed once it is old, and nothing else", async (path, directory) => {
  const { file, name } = await createBeside(path);
  file.close();
  for (const other of ["a", "a.new", "a.12345678.old", "b.12345678.new"]) {
    await Deno.writeTextFile(`${directory}/${other}`, "");
  }
  await removeUnfinished(path);
  assert.equal((await namesIn(directory)).length, 5);
  await Deno.utime(name, 1, 1);
  await removeUnfinished(path);
  assert.deepEqual(await namesIn(directory), ["a", "a.12345678.old", "a.new", "b.12345678.new"]);
});
