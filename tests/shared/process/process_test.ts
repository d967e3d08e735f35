import assert from "node:assert/strict";
import {
  dropAllPermissions,
  dropRead,
  readVariable,
  writeStderr,
} from "../../../src/shared/process/process.ts";

Deno.test({
  name: "process: every permission is dropped",
  permissions: { net: ["127.0.0.1"], read: ["."], write: ["data"] },
  fn() {
    assert.deepEqual(dropAllPermissions(), []);
    for (const name of ["net", "read", "write", "env", "run", "sys", "ffi", "import"] as const) {
      assert.notEqual(Deno.permissions.querySync({ name }).state, "granted", name);
    }
    assert.throws(() => Deno.statSync("deno.json"), Deno.errors.NotCapable);
    assert.throws(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }), Deno.errors.NotCapable);
  },
});

for (
  const [granted, srcStays] of [[["data", "src"], false], [["."], true], [
    ["data/sub", "src"],
    false,
  ]] as const
) {
  Deno.test({
    name: `process: with read permission for ${granted.join(" and ")}, src is ${
      srcStays ? "kept, since dropping it would drop data, too" : "dropped, and data is kept"
    }`,
    permissions: { read: [...granted] },
    fn() {
      dropRead(["src", ".env"], granted[0] === "data/sub" ? "data/sub" : "data");
      const state = (path: string) => Deno.permissions.querySync({ name: "read", path }).state;
      assert.equal(state("data/sub"), "granted");
      assert.equal(state("src") === "granted", srcStays);
    },
  });
}

Deno.test({
  name: "process: a variable without permission counts as not set",
  permissions: "none",
  fn: () => assert.equal(readVariable("HOME"), undefined),
});

Deno.test({
  name:
    "process: a line is written whole even if the system takes a few bytes a call, and is lost on a broken pipe",
  permissions: "none",
  fn() {
    const { writeSync } = Deno.stderr;
    let written = "";
    try {
      Deno.stderr.writeSync = (bytes) => {
        written += new TextDecoder().decode(bytes.subarray(0, 3));
        return Math.min(bytes.length, 3);
      };
      writeStderr("one line");
      assert.equal(written, "one line\n");
      Deno.stderr.writeSync = () => {
        throw new Deno.errors.BrokenPipe();
      };
      writeStderr("another");
    } finally {
      Deno.stderr.writeSync = writeSync;
    }
  },
});
