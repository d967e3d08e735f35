import assert from "node:assert/strict";
import {
  dropAllPermissions,
  dropRead,
  readVariable,
  writeStderr,
} from "../../../src/shared/process/process.ts";

Deno.test({
  name: "process: every permission is dropped for good",
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
    name: `process: with read of ${granted.join(" and ")}, giving up src ${
      srcStays ? "would take data" : "leaves data"
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
  name: "process: a variable without its permission counts as not set",
  permissions: "none",
  fn: () => assert.equal(readVariable("HOME"), undefined),
});

Deno.test({
  name:
    "process: a line is written whole, also where the system takes it in parts, and lost where nobody reads",
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
