import assert from "node:assert/strict";
import { openAccessFile } from "../../../src/balancer/access_log/access_file.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

Deno.test({
  name: "access file: a missing file is created, and existing lines are kept",
  permissions: { read: ["data"], write: ["data"] },
  fn: () =>
    withDirectory(async (directory) => {
      const path = `${directory}/access.jsonl`;
      for (const line of ["a\n", "b\n"]) {
        const file = await openAccessFile(path);
        await file.write(line);
        file.close();
      }
      assert.equal(await Deno.readTextFile(path), "a\nb\n");
      await assert.rejects(openAccessFile(directory), {
        message: `Cannot write the access log to ${directory}: it is a directory, not a file`,
      });
    }),
});

Deno.test({
  name: "access file: the error names the missing permission",
  permissions: "none",
  async fn() {
    await assert.rejects(openAccessFile("data/access.jsonl"), {
      message: "Cannot write the access log to data/access.jsonl: permission is missing, run again with " +
        "--allow-read=data/access.jsonl --allow-write=data/access.jsonl",
    });
  },
});

Deno.test({
  name: "access file: lines are written whole even if stdout takes a few bytes a call",
  permissions: "none",
  async fn() {
    let written = "";
    const stdout = {
      write(bytes: Uint8Array) {
        const part = bytes.subarray(0, 2);
        written += new TextDecoder().decode(part);
        return Promise.resolve(part.length);
      },
    };
    const file = await openAccessFile("-", stdout);
    await file.write("hello\n");
    file.close();
    assert.equal(written, "hello\n");
  },
});
