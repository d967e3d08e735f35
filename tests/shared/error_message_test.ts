import assert from "node:assert/strict";
import { messageOf } from "../../src/shared/error_message.ts";

Deno.test({
  name: "error message: an error gives its message, any other thrown value its text",
  permissions: "none",
  fn() {
    const cases: readonly (readonly [thrown: unknown, message: string])[] = [
      [new RangeError("too large"), "too large"],
      ["text", "text"],
      [undefined, "undefined"],
      [{ toString: () => "an object" }, "an object"],
    ];
    for (const [thrown, message] of cases) assert.equal(messageOf(thrown), message);
  },
});
