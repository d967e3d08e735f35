import assert from "node:assert/strict";
import { directoryPath, filePath, onOff, path } from "../../../src/shared/flags/values.ts";

Deno.test({
  name: "values: a path is taken as it is, but for the slashes at the end of a directory",
  permissions: "none",
  fn() {
    assert.equal(path("a/"), "a/");
    assert.deepEqual(["data/", "data//", "/", "a/b"].map(directoryPath), ["data", "data", "/", "a/b"]);
    assert.equal(filePath("data/a.jsonl"), "data/a.jsonl");
  },
});

Deno.test({
  name: "values: a path with NUL, and a directory in place of a file, are refused",
  permissions: "none",
  fn() {
    for (const read of [path, directoryPath, filePath]) assert.throws(() => read("a\0b"), /without NUL$/);
    for (const text of ["", ".", "..", "data/", "data/.", "data/.."]) {
      assert.throws(
        () => filePath(text),
        { name: "SyntaxError", message: /of a file, not of a directory$/ },
        text,
      );
    }
  },
});

Deno.test({
  name: "values: on and off are the only switches",
  permissions: "none",
  fn() {
    assert.deepEqual(["on", "off"].map(onOff), [true, false]);
    for (const text of ["", "yes", "ON"]) assert.throws(() => onOff(text), /on or off|on, off/, text);
  },
});
