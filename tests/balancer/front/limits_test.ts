import assert from "node:assert/strict";
import {
  connectionsFor,
  descriptorReserve,
  forgetConnections,
  limitsOf,
  ofOneWorker,
  patienceOf,
} from "../../../src/balancer/front/limits.ts";
import { LIMITS } from "../../support/simulated/balancer_in_process.ts";

Deno.test({
  name: "limits: each stage of a connection has its timeout",
  permissions: "none",
  fn() {
    const patience = patienceOf({
      ...LIMITS,
      headerTimeoutMs: 1,
      idleTimeoutMs: Infinity,
      writeTimeoutMs: 3,
    });
    const { fresh, reading, idle, writing, answering } = patience;
    assert.deepEqual([fresh, reading, idle, writing, answering], [1, 1, Infinity, 3, Infinity]);
  },
});

Deno.test({
  name: "limits: workers divide the connections of the process, and each has at least one",
  permissions: "none",
  fn() {
    for (const [max, workers, each] of [[100, 3, 33], [4, 4, 1], [1, 64, 1]] as const) {
      assert.equal(limitsOf(LIMITS, max, workers, 1).connectionsMax, each);
    }
  },
});

Deno.test({
  name: "limits: the connections that a dead worker had counted are subtracted, and no others",
  permissions: "none",
  fn() {
    const limits = limitsOf({ ...LIMITS, connectionsPerAddress: 5 }, 100, 2, 1);
    const [one, other] = [ofOneWorker(limits), ofOneWorker(limits)];
    const count = (worker: typeof one, at: number) => {
      worker.perAddress!.counters[at]!++;
      worker.perAddress!.own[at]!++;
    };
    for (const at of [3, 3, 7]) count(one, at);
    count(other, 3);
    forgetConnections(one);
    forgetConnections(one);
    const { counters } = other.perAddress!;
    assert.deepEqual([counters[3], counters[7]], [1, 0]);
    forgetConnections(limitsOf(LIMITS, 1, 1, 1)); // These limits have no counters.
  },
});

Deno.test({
  name: "limits: the default number of connections is what the descriptors leave, and too few are an error",
  permissions: "none",
  fn() {
    const reserve = descriptorReserve({ workers: 2, spareWorkers: 1 });
    assert.equal(connectionsFor(undefined, 1000, reserve), 1000 - reserve);
    assert.equal(connectionsFor(5000, 1000, reserve), 5000);
    assert.throws(
      () => connectionsFor(undefined, reserve, reserve),
      /^Error: Cannot serve with \d+ free file descriptors: raise their limit .* by at least 8$/,
    );
  },
});
