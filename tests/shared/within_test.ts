import assert from "node:assert/strict";
import { within } from "../../src/shared/within.ts";

Deno.test({
  name: "within: the work is told when its time is over, and the timer ends with the work",
  permissions: "none",
  async fn() {
    let isLate = false;
    await within(1, async (late) => {
      await late;
      isLate = true;
    });
    assert.ok(isLate);
    // A timer that went on would be a leak of this test.
    await within(1_000_000, () => Promise.resolve());
    await assert.rejects(within(1_000_000, () => Promise.reject(new Error("it failed"))), /it failed/);
  },
});
