import assert from "node:assert/strict";
import { REAL_CLOCK } from "../../src/shared/clock.ts";

Deno.test({
  name: "clock: a timer calls back once, and a cancelled timer never does",
  permissions: "none",
  async fn() {
    const called: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = REAL_CLOCK.setTimer(() => called.push("cancelled"), 1);
    REAL_CLOCK.setTimer(() => called.push("kept"), 1);
    cancel();
    REAL_CLOCK.setTimer(resolve, 2);
    await promise;
    assert.deepEqual(called, ["kept"]);
  },
});

Deno.test({
  name: "clock: the monotonic clock does not go back, and the wall clock shows Unix time",
  permissions: "none",
  fn() {
    const [first, wallMs] = [REAL_CLOCK.monotonicMs(), REAL_CLOCK.wallMs()];
    assert.ok(REAL_CLOCK.monotonicMs() >= first);
    assert.ok(wallMs > Date.UTC(2026, 0, 1));
  },
});
