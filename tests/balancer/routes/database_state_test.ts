import assert from "node:assert/strict";
import { DatabaseState } from "../../../src/balancer/routes/database_state.ts";

Deno.test({
  name: "database state: routes are stale from the start or from an outage on, until the database answers",
  permissions: "none",
  fn() {
    let nowMs = 1000;
    const state = new DatabaseState(() => nowMs);
    nowMs += 500;
    assert.deepEqual([state.isUp, state.staleSeconds, state.reconnects], [false, 0.5, 0]);
    state.turned(false, false);
    nowMs += 500;
    assert.equal(state.staleSeconds, 1);
    state.turned(true, true);
    assert.deepEqual([state.isUp, state.isReadOnly, state.staleSeconds, state.reconnects], [
      true,
      true,
      0,
      0,
    ]);
    state.turned(true, false);
    assert.deepEqual([state.isReadOnly, state.reconnects], [false, 0]);
    for (let outage = 1; outage < 3; outage++) {
      state.turned(false, false);
      nowMs += 2000;
      state.turned(false, false);
      assert.equal(state.staleSeconds, 2);
      state.turned(true, false);
      assert.equal(state.reconnects, outage);
    }
  },
});
