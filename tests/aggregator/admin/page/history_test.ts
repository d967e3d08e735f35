import assert from "node:assert/strict";
import { History } from "../../../../src/aggregator/admin/page/history.js";

const status = (seconds: number, accepted: number, windows: [number, number][] = []) => ({
  start_seconds: 1,
  wall_seconds: seconds,
  datagrams: { received: accepted, dropped: null },
  messages: { accepted, rejected: { syntax: 1, empty: 2 } },
  last_windows: windows.map(([length, timestamp]) => ({
    length_seconds: length,
    values: [timestamp, "99999999999999999999", 2, 3],
  })),
});

const begun = (): History => {
  const history = new History();
  history.begin({ start_seconds: 1, window_seconds: [10, 60] });
  return history;
};

Deno.test({
  name: "page history: a rate is computed between two samples, and is null where a sample is unknown",
  permissions: "none",
  fn() {
    const history = begun();
    for (const [seconds, accepted] of [[1, 10], [2, 30], [4, 30], [4, 99], [3, 99], [5, 20]] as const) {
      history.add(status(seconds, accepted));
    }
    assert.deepEqual(history.rateTimes, [2, 4, 5]);
    assert.deepEqual(history.rates("accepted"), [20, 0, null], "a counter that goes down was reset");
    assert.deepEqual(history.rates("dropped"), [null, null, null]);
    assert.equal(
      history.add({ start_seconds: 1 }),
      false,
      "a service that is still starting has no counters",
    );
    assert.equal(history.add({ ...status(6, 30), start_seconds: 2 }), true, "the service was restarted");
    assert.equal(history.rateTimes.length, 3);
  },
});

Deno.test({
  name: "page history: each window is added once, and a missing window is noticed",
  permissions: "none",
  fn() {
    const history = begun();
    assert.equal(history.add(status(1, 0, [[10, 110], [60, 110]])), false);
    assert.equal(history.add(status(2, 0, [[10, 110], [60, 110]])), false);
    assert.equal(history.add(status(3, 0, [[10, 120], [60, 110]])), false);
    assert.equal(history.add(status(4, 0, [[10, 140], [60, 110]])), true);
    assert.deepEqual(history.windows.get(10)!.map(([timestamp]) => timestamp), [110, 120, 140]);
    assert.deepEqual(history.newest(3), [
      '{"timestamp":140, "count_type":"10s", "A1_sum": 99999999999999999999, "A2_max":2, "A3_min": 3}',
      '{"timestamp":120, "count_type":"10s", "A1_sum": 99999999999999999999, "A2_max":2, "A3_min": 3}',
      '{"timestamp":110, "count_type":"60s", "A1_sum": 99999999999999999999, "A2_max":2, "A3_min": 3}',
    ]);
  },
});

Deno.test({
  name: "page history: one hour is kept",
  permissions: "none",
  fn() {
    const history = begun();
    for (let seconds = 0; seconds <= 8000; seconds += 10) history.add(status(seconds, 0, [[10, seconds]]));
    assert.equal(history.samples.seconds[0], 4400);
    assert.equal(history.samples.accepted.length, history.samples.seconds.length);
    assert.equal(history.windows.get(10)!.length, 361);
  },
});
