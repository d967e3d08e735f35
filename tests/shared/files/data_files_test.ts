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
import { patchFiles } from "../../support/disk/patched_files.ts";
import { namesIn, withDirectory } from "../../support/disk/temporary_directory.ts";

function test(name: string, fn: (path: string, directory: string) => Promise<void>): void {
  Deno.test({
    name: `data files: ${name}`,
    permissions: { read: ["data"], write: ["data"], run: ["/bin/sh"] },
    fn: () => withDirectory((directory) => fn(`${directory}/a`, directory)),
  });
}

test(
  "createBeside makes a file with a new name each time, and with the requested mode",
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

/** Returns the umask of this process, found by creating a file. */
function umask(): number {
  const path = Deno.makeTempFileSync({ dir: "data" });
  Deno.removeSync(path);
  Deno.openSync(path, { createNew: true, write: true, mode: 0o777 }).close();
  const { mode } = Deno.statSync(path);
  Deno.removeSync(path);
  return 0o777 & ~mode!;
}

test(
  "replaceText replaces a file in one step; a link is replaced itself, not its target",
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

test("a failed replacement leaves the old text, and no temporary file", async (path, directory) => {
  await replaceText(path, "old");
  {
    using _ = patchFiles("write", () => Promise.resolve(0));
    await assert.rejects(replaceText(path, "new"), /took no byte/);
  }
  assert.equal(await Deno.readTextFile(path), "old");
  assert.deepEqual(await namesIn(directory), ["a"]);
});

test("writeAll goes on after a short write", async (path) => {
  using _ = patchFiles("write", (write, bytes) => write(bytes.subarray(0, 2)));
  using file = await Deno.open(path, { write: true, createNew: true });
  await writeAll(file, new TextEncoder().encode("12345"));
  assert.equal(await Deno.readTextFile(path), "12345");
});

test("openPlain opens a regular file, and refuses links and directories", async (path, directory) => {
  assert.equal(await openPlain(path), undefined);
  await Deno.writeTextFile(path, "text");
  const { file, info } = (await openPlain(path))!;
  file.close();
  assert.equal(info.size, 4, "the file is not truncated");
  await makeHardLink(path, `${directory}/hard`);
  await makeSymlink("none", `${directory}/soft`);
  await Deno.mkdir(`${directory}/folder`);
  for (const name of ["a", "hard", "soft", "folder"]) {
    await assert.rejects(openPlain(`${directory}/${name}`), ForeignFile, name);
  }
});

test(
  "removeUnfinished removes old temporary files of the path, and nothing else",
  async (path, directory) => {
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
  },
);
