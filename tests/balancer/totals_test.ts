import assert from "node:assert/strict";
import { REFUSAL_IDS } from "../../src/balancer/refusals.ts";
import { Totals } from "../../src/balancer/totals.ts";
import { Work } from "../../src/balancer/work.ts";

const CONNECTIONS = {
  ...{ accepted: 3, failed: 0, timedOutReading: 1, timedOutIdle: 0, timedOutWriting: 0 },
  ...{ evicted: 0, refused: 1 },
};

Deno.test({
  name: "totals: reports of all workers add up, and what a dead one held open is gone",
  permissions: "none",
  fn() {
    const totals = new Totals();
    assert.deepEqual([...totals.refusals], REFUSAL_IDS.map((id) => [id, 0]), "all are there from the start");
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
  },
});
