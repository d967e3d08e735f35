import assert from "node:assert/strict";
import { choose } from "../../../src/balancer/choose/choice.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { findVideo } from "../../../src/balancer/redirect/target.ts";
import { LATENCY_BOUNDS, TIMED_EACH, TIMED_ONE_IN, Work } from "../../../src/balancer/counts/work.ts";

const ROUTE = { cdnHost: "cdn.example.net", cdnWeight: 3, originWeight: 1, originPort: null };
const TABLE = routingTable([{ ...ROUTE, cluster: "a" }, { ...ROUTE, cluster: "b", status: 307 as const }]);

function redirect(work: Work, cluster: string): void {
  const video = findVideo(`http://s1.${cluster}/v`, TABLE);
  assert.ok("target" in video);
  work.tally.count(video.target, choose(video, true, () => 0));
}

Deno.test({
  name: "work: every answer is counted by status, and reported once",
  permissions: "none",
  fn() {
    const work = new Work();
    assert.equal(work.take(), undefined);
    for (const cluster of ["a", "a", "b"]) redirect(work, cluster);
    work.refused({ status: 404, id: "unknown-path", reason: "" });
    work.refused({ status: 404, id: "unknown-cluster", reason: "" });
    work.answered(200);
    const { redirects, refusals, answers } = work.take()!;
    assert.equal(redirects.reduce((sum, { count }) => sum + count, 0), 3);
    assert.deepEqual(Object.fromEntries(refusals), { "unknown-path": 1, "unknown-cluster": 1 });
    assert.deepEqual(Object.fromEntries(answers), { 404: 2, 200: 1, 301: 2, 307: 1 });
    assert.equal(work.take(), undefined);
  },
});

Deno.test({
  name: "work: above a thousand requests few are timed, and all are counted",
  permissions: "none",
  fn() {
    const work = new Work();
    for (const requests of [5 * TIMED_EACH, 10]) {
      let timed = 0;
      for (let i = 0; i < requests; i++) {
        if (work.isToBeTimed()) work.timed(1, 0.03 + 0 * timed++);
        else work.untimed(1);
      }
      const { counts, sum } = work.take()!.latency;
      assert.equal(counts[LATENCY_BOUNDS.indexOf(0.00005)], requests);
      assert.ok(Math.abs(sum / requests - 0.00003) < 1e-9);
      assert.equal(timed, requests > TIMED_EACH ? TIMED_EACH + 4 * TIMED_EACH / TIMED_ONE_IN : requests);
    }
  },
});
