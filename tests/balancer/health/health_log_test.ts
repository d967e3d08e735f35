import assert from "node:assert/strict";
import { HealthLog, LINES_MAX } from "../../../src/balancer/health/health_log.ts";
import { type LogEntry, logInto } from "../../support/recorded_log.ts";

Deno.test({
  name: "health log: each change is a line; of thousands only some are, and then the number of the rest",
  permissions: "none",
  fn() {
    const lines: LogEntry[] = [];
    const log = new HealthLog(logInto(lines));
    log.down("a", "cdn", "status 503", 0);
    log.everythingDown("a", 1);
    log.up("a", "cdn", "up", 2);
    assert.deepEqual(
      lines.map(({ level, event, cluster, name, reason }) => [level, event, cluster, name, reason]),
      [
        ["warn", "destination_down", "a", "cdn", "status 503"],
        ["error", "everything_down", "a", undefined, undefined],
        ["info", "destination_up", "a", "cdn", "up"],
      ],
    );
    for (let at = 0; at < 1000; at++) log.down(`c${at}`, "cdn", "status 503", 3 + at);
    assert.equal(lines.length, LINES_MAX);
    log.up("a", "cdn", "up", 10_000);
    log.up("b", "cdn", "up", 10_001);
    assert.deepEqual(lines.slice(LINES_MAX).map(({ untold }) => untold), [1003 - LINES_MAX, undefined]);
  },
});
