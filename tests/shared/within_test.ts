import assert from "node:assert/strict";
import { within } from "../../src/shared/within.ts";

Deno.test({
  name: "within: a promise tells the work that its time is over, and the timer ends with the work",
  permissions: "none",
  async fn() {
    let isLate = false;
    await within(1, async (late) => {
      await late;
      isLate = true;
    });
    assert.ok(isLate);
    // A timer that went on would fail this test as a leak.
    await within(1_000_000, () => Promise.resolve());
    await assert.rejects(within(1_000_000, () => Promise.reject(new Error("it failed"))), /it failed/);
  },
});
