import assert from "node:assert/strict";
import { textOf, trimmed } from "../../../src/shared/http/latin1.ts";
import { latin1 } from "../../support/http/requests.ts";

Deno.test({
  name: "latin1: each byte becomes one character",
  permissions: "none",
  fn() {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    assert.equal(textOf(all, 0, 256), String.fromCharCode(...all));
    assert.equal(textOf(all.subarray(60), 5, 8), "ABC");
    assert.equal(textOf(all, 9, 9), "");
  },
});

Deno.test({
  name: "latin1: spaces and tabs around a value are trimmed",
  permissions: "none",
  fn() {
    for (const [text, value] of [[" \t a b \t", "a b"], ["a", "a"], ["", ""], [" \t ", ""]] as const) {
      const bytes = latin1(text);
      assert.equal(textOf(bytes, ...trimmed(bytes, 0, bytes.length)), value);
    }
  },
});
