import assert from "node:assert/strict";
import { History } from "../../../../src/balancer/admin/page/history.js";

type Row = [number, number, number, number, null, null];
const row = (seconds: number, redirected = 0): Row => [seconds, redirected, 0, 0, null, null];
const status = (seconds: number, redirected: number, newest: Row[] = []) => ({
  ...{ start_seconds: 1, wall_seconds: seconds, redirected, refused: 0, cpu_seconds: 0 },
  newest_slots: newest,
});

Deno.test({
  name:
    "page history of the balancer: a rate is computed between two events, and unknown when counts go down",
  permissions: "none",
  fn() {
    const history = new History();
    history.begin({ ...status(100, 50), history: [] });
    assert.equal(history.rates.redirected, null);
    history.add(status(102, 70));
    assert.equal(history.rates.redirected, 10);
    history.add(status(102, 99));
    assert.equal(history.rates.redirected, 10);
    history.add(status(103, 5));
    assert.equal(history.rates.redirected, null);
    assert.equal(history.add({ ...status(104, 5), start_seconds: 2 }), true);
  },
});

Deno.test({
  name: "page history of the balancer: each row is added once, and a gap is reported",
  permissions: "none",
  fn() {
    const history = new History();
    history.begin({ ...status(25, 0), history: [row(10), row(20, 30)] });
    assert.equal(history.add(status(31, 0, [row(10), row(21), row(30, 50)])), false);
    assert.deepEqual(history.times, [10, 20, 30]);
    assert.deepEqual(history.perSecond(1), [0, 3, 5]);
    assert.equal(history.add(status(71, 0, [row(60), row(70)])), true);
    for (let end = 80; end < 5000; end += 10) history.add(status(end, 0, [row(end)]));
    assert.equal(history.rows.length, 360);
  },
});
