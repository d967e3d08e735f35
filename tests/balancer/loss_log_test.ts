import assert from "node:assert/strict";
import { logLoss } from "../../src/balancer/loss_log.ts";
import { eventsOf, type LogEntry, logInto } from "../support/recorded_log.ts";

Deno.test({
  name: "loss log: the loss of a worker is logged, its replacement, and when no spare is left",
  permissions: "none",
  fn() {
    const told = (replacement: number | undefined, spares: number) => {
      const entries: LogEntry[] = [];
      logLoss(logInto(entries), { worker: 0, reason: "it failed", replacement, left: 1 }, spares);
      return eventsOf(entries);
    };
    assert.deepEqual(told(2, 1), ["worker_lost", "worker_replaced"]);
    assert.deepEqual(told(2, 0), ["worker_lost", "worker_replaced", "no_spare_left"]);
    assert.deepEqual(told(undefined, 0), ["worker_lost", "no_spare_left"]);
  },
});
