import assert from "node:assert/strict";
import { REFUSAL_IDS } from "../../../src/balancer/redirect/refusals.ts";
import { VIDEO_REFUSALS } from "../../../src/balancer/redirect/target.ts";

Deno.test({
  name: "refusals of the balancer: the ids are few, short and unique",
  permissions: "none",
  fn() {
    assert.ok(REFUSAL_IDS.length > 30 && REFUSAL_IDS.length < 50, String(REFUSAL_IDS.length));
    for (const id of REFUSAL_IDS) assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    assert.equal(new Set(VIDEO_REFUSALS.map(({ id }) => id)).size, VIDEO_REFUSALS.length);
  },
});
