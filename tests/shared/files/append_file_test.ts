import assert from "node:assert/strict";
import { openForAppending } from "../../../src/shared/files/append_file.ts";
import { FileSystem } from "../../../src/aggregator/write/disk.ts";
import { makeSymlink } from "../../support/disk/links.ts";
import { makePipe, Reader } from "../../support/disk/named_pipe.ts";
import { namesIn, withDirectory } from "../../support/disk/temporary_directory.ts";

function test(name: string, fn: (path: string, directory: string) => Promise<void>): void {
  Deno.test({
    name: `append file: ${name}`,
    permissions: { read: ["data"], write: ["data"], run: ["/bin/sh"] },
    fn: () => withDirectory((directory) => fn(`${directory}/a`, directory)),
  });
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

test(
  "writes go to the end of the same file, even after a rename; a missing file is created, a missing directory is not",
  async (path, directory) => {
    const file = await openForAppending(path);
    const { identity, size, isStream } = file;
    assert.deepEqual({ identity, size, isStream }, await new FileSystem().stat(path));
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
    const again = await openForAppending(`${directory}/b`);
    assert.equal(again.size, 9);
    again.close();
    await assert.rejects(openForAppending(`${directory}/none/a`), Deno.errors.NotFound);
  },
);

test("a directory is refused with a clear message", async (path) => {
  await Deno.mkdir(path);
  await assert.rejects(openForAppending(path), { message: "it is a directory, not a file" });
});

test(
  "while others keep renaming and recreating the file, it is opened or refused, and nothing else is left",
  async (path, directory) => {
    let others = true;
    const rotating = (async () => {
      for (let i = 0; others; i++) {
        await Deno.writeTextFile(path, "");
        await Deno.rename(path, `${directory}/rotated`);
      }
    })();
    for (let i = 0; i < 200; i++) {
      const file = await openForAppending(path).catch((error) =>
        assert.match(error.message, /keep replacing the file/)
      );
      file?.close();
    }
    others = false;
    await rotating;
    assert.deepEqual((await namesIn(directory)).filter((name) => !["a", "rotated"].includes(name)), []);
  },
);

test(
  "a link within the granted directory is followed, also to a file that does not exist yet",
  async (path, directory) => {
    await makeSymlink("real", path);
    for (const size of [0, 4]) {
      const file = await openForAppending(path);
      assert.equal(file.size, size);
      await file.write(bytesOf("one\n"));
      file.close();
    }
    assert.equal(await Deno.readTextFile(`${directory}/real`), "one\none\n");
  },
);

test("a link out of the granted directory is refused", async (path) => {
  for (const target of ["/tmp/sluice-none", "../../README.md"]) {
    await makeSymlink(target, path);
    await assert.rejects(openForAppending(path), {
      name: "NotCapable",
      message: /^a symbolic link leads to /,
    });
    await Deno.remove(path);
  }
});

test("a file that is replaced by such a link while it is opened is refused and closed", async (path) => {
  await Deno.writeTextFile(path, "");
  const { open } = Deno;
  let file: Deno.FsFile | undefined;
  Deno.open = async (...args) => {
    file = await open(...args);
    await Deno.remove(path);
    await makeSymlink("../../README.md", path);
    return file;
  };
  await assert.rejects(
    openForAppending(path).finally(() => Deno.open = open),
    /^NotCapable: a symbolic link/,
  );
  assert.throws(() => file!.statSync(), Deno.errors.BadResource, "it is closed");
});

test("a pipe without a reader is refused at once", async (path) => {
  await makePipe(path);
  await assert.rejects(openForAppending(path), Deno.errors.WouldBlock);
});

test("a full pipe takes nothing until it is read; a write fails when the reader is gone", async (path) => {
  await makePipe(path);
  await using reader = await Reader.of(path);
  const file = await openForAppending(path);
  assert.deepEqual([file.size, file.isStream], [0, true]);
  const line = bytesOf(`${"x".repeat(99)}\n`);
  let written = 0;
  await assert.rejects(async () => {
    for (;;) written += await file.write(line);
  }, Deno.errors.WouldBlock);
  assert.ok(written >= 4096 && written % line.length === 0, `${written} bytes`);
  assert.equal((await reader.read(written)).length, written);
  assert.equal(await file.write(line), line.length);
  await file.sync();
  await reader[Symbol.asyncDispose]();
  await assert.rejects(file.write(line), /EPIPE|Broken pipe/);
  file.close();
});
