import assert from "node:assert/strict";
import { sharedMs } from "../../src/shared/shared_clock.ts";

Deno.test({
  name: "shared clock: it is close to the wall clock, and does not go back",
  permissions: "none",
  fn() {
    const [one, other] = [sharedMs(), sharedMs()];
    assert.ok(other >= one);
    // The wall clock may have been set since this process began.
    assert.ok(Math.abs(one - Date.now()) < 86_400_000);
  },
});
