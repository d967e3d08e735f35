import assert from "node:assert/strict";
import { AcceptTrouble } from "../../../src/balancer/front/accept_trouble.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";

Deno.test({
  name: "accept trouble: its begin and its end are one log line each, however many listeners are affected",
  permissions: "none",
  fn() {
    const log: LogEntry[] = [];
    const trouble = new AcceptTrouble(logInto(log));
    trouble.ended("worker 0", 3);
    trouble.began("worker 0", "Too many open files");
    trouble.began("worker 1", "Too many open files");
    trouble.began("admin", "Too many open files");
    trouble.ended("worker 0", 3);
    trouble.ended("admin", 1);
    assert.deepEqual(eventsOf(log), ["accept_failing"]);
    assert.match(String(log[0]!.message), /ulimit -n.*--connections-max/);
    trouble.ended("worker 1", 2);
    assert.deepEqual(eventsOf(log), ["accept_failing", "accept_recovered"]);
    assert.equal(log[1]!.failures, 6);
    trouble.began("admin", "again");
    trouble.ended("admin", 1);
    assert.equal(log[3]!.failures, 1);
  },
});
