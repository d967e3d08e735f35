import assert from "node:assert/strict";
import { verdictOf } from "../../../../src/balancer/admin/page/verdict.js";

const WELL = {
  readiness: "ready",
  workers: { alive: 2, wanted: 2, spares: 1, spares_wanted: 1 },
  database: { up: true, read_only: false, stale_seconds: 0 },
  clusters: [{ cluster: "a", destinations: [{ name: "cdn", now: 0.9, weight: 9, state: "up" }] }],
  connections: { open: 1, max: 100 },
  routes: { refused: 0 },
  certificate_end_seconds: null,
  wall_seconds: 1000,
};

Deno.test({
  name: "page verdict: one sentence says whether all is well, and each trouble what to do",
  permissions: "none",
  fn() {
    assert.equal(verdictOf(WELL).tone, "good");
    const down = [{ cluster: "a", destinations: [{ name: "cdn", now: 0, weight: 9, state: "down" }] }];
    const rows: [Record<string, unknown>, string, RegExp][] = [
      [{ readiness: "starting" }, "bad", /waits for routes/],
      [{ readiness: "stopping" }, "bad", /about to stop/],
      [{ readiness: "no-workers" }, "bad", /No worker/],
      [{ database: { up: false, stale_seconds: 90 } }, "warn", /does not answer for 1 min/],
      [{ database: { up: true, read_only: true } }, "warn", /takes no changes/],
      [{ clusters: down }, "warn", /cdn \(down\)/],
      [{ workers: { ...WELL.workers, alive: 1 } }, "warn", /1 of 2 workers/],
      [{ workers: { ...WELL.workers, spares: 0 } }, "warn", /No spare/],
      [{ connections: { open: 95, max: 100 } }, "warn", /95\.0 %/],
      [{ routes: { refused: 2 } }, "warn", /route_refused/],
      [{ certificate_end_seconds: 90_000 }, "warn", /ends in 1 d/],
      [{ certificate_end_seconds: 10 }, "warn", /has ended/],
    ];
    for (const [change, tone, sentence] of rows) {
      const verdict = verdictOf({ ...WELL, ...change });
      assert.equal(verdict.tone, tone);
      assert.match(verdict.sentence, sentence);
    }
  },
});
