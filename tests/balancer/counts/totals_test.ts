import assert from "node:assert/strict";
import { REFUSAL_IDS } from "../../../src/balancer/redirect/refusals.ts";
import { Name, Totals } from "../../../src/balancer/counts/totals.ts";
import { Work } from "../../../src/balancer/counts/work.ts";

const CONNECTIONS = {
  ...{ accepted: 3, failed: 0, timedOutReading: 1, timedOutIdle: 0, timedOutWriting: 0 },
  ...{ evicted: 0, refused: 1 },
};

Deno.test({
  name: "totals: reports of all workers are summed, and connections of a dead worker no longer count as open",
  permissions: "none",
  fn() {
    const totals = new Totals();
    assert.deepEqual(
      [...totals.refusals],
      REFUSAL_IDS.map((id) => [id, 0]),
      "all reasons are present from the start",
    );
    for (const worker of [0, 1]) {
      const work = new Work();
      work.refused({ status: 405, id: "method", reason: "" });
      work.timed(1, 0.5);
      totals.add(worker, { done: work.take(), connections: CONNECTIONS, open: 1 });
    }
    totals.add(1, { done: undefined, connections: CONNECTIONS, open: 4 });
    assert.equal(totals.refusals.get("method"), 2);
    assert.deepEqual([...totals.answers], [[405, 2]]);
    assert.equal(totals.latency.sum, 0.001);
    assert.deepEqual([totals.connections.accepted, totals.connections.refused], [9, 3]);
    assert.equal(totals.open, 5);
    totals.forget(1);
    assert.equal(totals.open, 1);
    assert.equal(totals.recent.minute("refused", 0), 2);
    assert.equal(totals.latencyOfMinute(0).counts.reduce((sum, count) => sum + count), 2);
  },
});

Deno.test({
  name: "totals: removed clusters are forgotten, also in the recent counts",
  permissions: "none",
  fn() {
    const totals = new Totals();
    const { latency } = totals;
    const redirects = ["a", "b"].map((cluster) => ({
      ...{ cluster, destination: "cdn", reason: "turn" as const, status: 301, count: 1 },
    }));
    const done = { redirects, refusals: new Map(), answers: new Map(), latency };
    totals.add(0, { done, connections: CONNECTIONS, open: 0 });
    totals.keepOnly((cluster) => cluster === "b");
    assert.deepEqual([...totals.redirects.all()].map(({ cluster }) => cluster), ["b"]);
    const minutes = ["a", "b"].map((cluster) => totals.recent.minute(Name.destination(cluster, "cdn"), 0));
    assert.deepEqual(minutes, [0, 1]);
    assert.equal(totals.recent.minute(Name.redirected, 0), 2);
  },
});
