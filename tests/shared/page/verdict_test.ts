import assert from "node:assert/strict";
import { lostVerdict } from "../../../src/shared/page/verdict.js";

Deno.test({
  name: "page verdict: a lost service is told of with the time since when",
  permissions: "none",
  fn() {
    assert.equal(lostVerdict(0).tone, "bad");
    assert.match(lostVerdict(0).sentence, /^The service does not answer since \d\d:\d\d:\d\d\.$/);
  },
});
