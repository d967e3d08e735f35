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
  name: "page verdict: one sentence says whether all is well, or what is wrong",
  permissions: "none",
  fn() {
    assert.equal(verdictOf(WELL).tone, "good");
    const down = [{ cluster: "a", destinations: [{ name: "cdn", now: 0, weight: 9, state: "down" }] }];
    const rows: [Record<string, unknown>, string, RegExp][] = [
      [{ readiness: "starting" }, "bad", /no routes yet/],
      [{ readiness: "stopping" }, "bad", /is stopping/],
      [{ readiness: "no-workers" }, "bad", /All workers have died/],
      [{ database: { up: false, stale_seconds: 90 } }, "warn", /has not answered for 1 min/],
      [{ database: { up: true, read_only: true } }, "warn", /is read-only/],
      [{ clusters: down }, "warn", /cdn \(down\)/],
      [{ workers: { ...WELL.workers, alive: 1 } }, "warn", /1 of 2 workers/],
      [{ workers: { ...WELL.workers, spares: 0 } }, "warn", /No spare/],
      [{ connections: { open: 95, max: 100 } }, "warn", /95\.0 %/],
      [{ routes: { refused: 2 } }, "warn", /route_refused/],
      [{ certificate_end_seconds: 90_000 }, "warn", /expires in 1 d/],
      [{ certificate_end_seconds: 10 }, "warn", /has expired/],
    ];
    for (const [change, tone, sentence] of rows) {
      const verdict = verdictOf({ ...WELL, ...change });
      assert.equal(verdict.tone, tone);
      assert.match(verdict.sentence, sentence);
    }
  },
});
