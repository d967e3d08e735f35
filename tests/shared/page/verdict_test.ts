import assert from "node:assert/strict";
import { lostVerdict } from "../../../src/shared/page/verdict.js";

Deno.test({
  name: "page verdict: for a service that does not answer, the sentence says since when",
  permissions: "none",
  fn() {
    assert.equal(lostVerdict(0).tone, "bad");
    assert.match(lostVerdict(0).sentence, /^The service has not answered since \d\d:\d\d:\d\d\.$/);
  },
});
