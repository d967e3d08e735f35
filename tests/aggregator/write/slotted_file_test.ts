import assert from "node:assert/strict";
import { FileSystem } from "../../../src/aggregator/write/disk.ts";
import { unfinishedOf } from "../../../src/shared/files/data_files.ts";
import { patchFiles } from "../../support/disk/patched_files.ts";
import { namesIn, withDirectory } from "../../support/disk/temporary_directory.ts";

/** Defines a test that uses a slotted file as the service does, through `FileSystem.replace`. */
function test(name: string, fn: (path: string, directory: string) => Promise<void>): void {
  Deno.test({
    name: `slotted file: ${name}`,
    permissions: { read: ["data"], write: ["data"] },
    fn: () => withDirectory((directory) => fn(`${directory}/a`, directory)),
  });
}

/** Returns the text that the next start would find. */
const read = (path: string) => new FileSystem().latest(path);
const identityAt = (path: string) => new FileSystem().stat(path).then((state) => state?.identity);
/** A system call of a killed process: it never returns. */
const killed = new Promise<never>(() => {});
/** A text too long for the file that a short text gets. */
const LONG = "a long text\n".repeat(500);

test(
  "a renewal goes into the same file, which has its space allocated and is locked",
  async (path, directory) => {
    const disk = new FileSystem();
    await disk.replace(path, "0");
    await disk.sync(path);
    const { size, blocks } = await Deno.stat(path);
    if (Deno.build.os !== "windows") {
      assert.ok(
        blocks! * 512 >= size,
        "the file has no hole that a full disk could not fill",
      );
    }
    const identity = await identityAt(path);
    for (let i = 1; i < 50; i++) {
      await disk.replace(path, "x".repeat(i * 70));
      assert.equal(await read(path), "x".repeat(i * 70));
    }
    assert.equal(await identityAt(path), identity);
    assert.equal((await Deno.stat(path)).size, size);
    assert.equal(await new FileSystem().takeOver(path), false);
    assert.deepEqual(await namesIn(directory), ["a"]);
    await disk.remove(path);
  },
);

test(
  "a text that outgrows the file gets a larger file, which is also locked and renewed in place",
  async (path, directory) => {
    const disk = new FileSystem();
    await disk.replace(path, "short");
    const { size } = await Deno.stat(path);
    await disk.replace(path, LONG);
    assert.equal(await read(path), LONG);
    assert.ok((await Deno.stat(path)).size > size);
    assert.equal(await new FileSystem().takeOver(path), false);
    const identity = await identityAt(path);
    await disk.replace(path, "short again");
    assert.equal(await read(path), "short again");
    assert.equal(await identityAt(path), identity);
    assert.deepEqual(await namesIn(directory), ["a"]);
    await disk.remove(path);
  },
);

test("a kill after any byte of a renewal leaves the old text or the new one", async (path) => {
  const disk = new FileSystem();
  const slotBytes = (await disk.replace(path, ""), (await Deno.stat(path)).size / 4);
  const found = new Set<string>();
  for (let written = 0; written <= slotBytes; written += written < 100 ? 1 : 37) {
    await disk.replace(path, `old ${written}`);
    const { promise: isWritten, resolve } = Promise.withResolvers<void>();
    using _ = patchFiles("write", async (write, bytes) => {
      if (written > 0) await write(bytes.subarray(0, written));
      resolve();
      return await killed;
    });
    void disk.replace(path, `new ${written}`);
    await isWritten;
    const text = await read(path);
    assert.match(text ?? "", new RegExp(`^(old|new) ${written}$`));
    found.add(text!.slice(0, 3));
  }
  assert.deepEqual([...found], ["old", "new"]);
  await disk.remove(path);
});

test("a kill at any write of a larger file leaves the old text", async (path, directory) => {
  for (let writes = 0; writes < 4; writes++) {
    const disk = new FileSystem();
    await disk.replace(path, "old");
    let left = writes;
    const files: Deno.FsFile[] = [];
    {
      const { promise: isReached, resolve } = Promise.withResolvers<void>();
      using _ = patchFiles("write", (write, bytes) => {
        if (left-- > 0) return write(bytes);
        resolve();
        return killed;
      });
      using _opened = collectFiles(files);
      void disk.replace(path, LONG);
      await isReached;
    }
    assert.equal(await read(path), "old", `after ${writes} writes`);
    const [, unfinished] = await namesIn(directory);
    assert.equal(unfinishedOf(`${directory}/${unfinished}`), path);
    for (const file of files) file.close();
    await disk.remove(path);
    await Deno.remove(`${directory}/${unfinished}`);
  }
});

/** Collects the files that are opened meanwhile, so that the test can close them for the "killed" process. */
function collectFiles(files: Deno.FsFile[]): Disposable {
  const { open } = Deno;
  Deno.open = async (...args) => {
    const file = await open(...args);
    files.push(file);
    return file;
  };
  return { [Symbol.dispose]: () => void (Deno.open = open) };
}

test("a short write is continued", async (path) => {
  const disk = new FileSystem();
  using _ = patchFiles("write", (write, bytes) => write(bytes.subarray(0, 1000)));
  for (const text of ["one", "two", LONG]) {
    await disk.replace(path, text);
    assert.equal(await read(path), text);
  }
  await disk.remove(path);
});

test(
  "a renewal that fails half-way gets a new file; when that fails, too, the old text stays",
  async (path, directory) => {
    const disk = new FileSystem();
    await disk.replace(path, "one");
    const identity = await identityAt(path);
    let writes = 0;
    {
      using _ = patchFiles("write", (write, bytes) => {
        if (++writes === 2) throw new Error("Input/output error (os error 5)");
        return write(writes === 1 ? bytes.subarray(0, 20) : bytes);
      });
      await disk.replace(path, "two");
    }
    assert.equal(await read(path), "two");
    assert.notEqual(await identityAt(path), identity);
    const failures: [write: () => Promise<number>, reason: RegExp][] = [
      [() => Promise.resolve(0), /took no byte/],
      [() => Promise.reject(new Error("Input/output error (os error 5)")), /output error/],
    ];
    for (const [write, reason] of failures) {
      using _ = patchFiles("write", write);
      await assert.rejects(disk.replace(path, "three"), reason);
      assert.equal(await read(path), "two");
      assert.deepEqual(await namesIn(directory), ["a"]);
    }
    await disk.replace(path, "four");
    assert.equal(await read(path), "four");
    assert.deepEqual(await namesIn(directory), ["a"]);
    await disk.remove(path);
  },
);

test("a text that survives a power failure stays in the file until a newer one survives it, too", async (path) => {
  const disk = new FileSystem();
  const replace = async (...texts: string[]) => {
    for (const text of texts) await disk.replace(path, `text ${text}`);
  };
  const texts = async () =>
    [...(await Deno.readTextFile(path)).matchAll(/text (\d+)/g)].map(([, n]) => n).sort();
  await replace("1", "2", "3");
  await disk.sync(path);
  await replace("4", "5", "6", "7");
  assert.ok((await texts()).includes("3"));
  const slow = Promise.withResolvers<void>();
  using _ = patchFiles("syncData", () => slow.promise);
  const synced = disk.sync(path);
  await replace("8", "9");
  assert.deepEqual(await texts(), ["3", "7", "8", "9"], "synced, being synced, old, new");
  slow.resolve();
  await synced;
  await replace("10", "11", "12");
  assert.ok((await texts()).includes("7"));
  assert.equal(await read(path), "text 12");
  await disk.remove(path);
});

/** How another program can take the file from its path. */
const TAKEN: Record<string, (path: string) => Promise<void>> = {
  "was deleted": (path) => Deno.remove(path),
  "was moved": (path) => Deno.rename(path, `${path}-moved`),
  "was emptied": (path) => Deno.truncate(path),
  "was replaced": async (path) => {
    await Deno.writeTextFile(`${path}-other`, "other");
    await Deno.rename(`${path}-other`, path);
  },
};

for (const [name, take] of Object.entries(TAKEN)) {
  test(`a file that ${name} is written again`, async (path) => {
    const disk = new FileSystem();
    await disk.replace(path, "before");
    const { size } = await Deno.stat(path);
    await take(path);
    await disk.replace(path, "unnoticed");
    await disk.sync(path).catch(() => {});
    await disk.replace(path, "noticed");
    assert.equal(await read(path), "noticed");
    assert.equal((await Deno.stat(path)).size, size);
    assert.equal(await new FileSystem().takeOver(path), false);
    await disk.remove(path);
  });
}

test("replace fails without the directory, and works again when it is back", async (path, directory) => {
  const disk = new FileSystem();
  await disk.replace(path, "before");
  await Deno.rename(directory, `${directory}-away`);
  await assert.rejects(disk.sync(path), Deno.errors.NotFound);
  await assert.rejects(disk.replace(path, "meanwhile"), Deno.errors.NotFound);
  await Deno.rename(`${directory}-away`, directory);
  assert.equal(await read(path), "before");
  await disk.replace(path, "after");
  assert.equal(await read(path), "after");
  assert.deepEqual(await namesIn(directory), ["a"]);
  await disk.remove(path);
});

test("after a failed sync, the next renewal gets a new file", async (path) => {
  const disk = new FileSystem();
  await disk.replace(path, "one");
  const identity = await identityAt(path);
  {
    using _ = patchFiles("syncData", () => Promise.reject(new Error("Input/output error (os error 5)")));
    await assert.rejects(disk.sync(path), /output error/);
  }
  await disk.replace(path, "two");
  assert.notEqual(await identityAt(path), identity);
  await disk.remove(path);
});
