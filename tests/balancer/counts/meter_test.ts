import assert from "node:assert/strict";
import {
  combined,
  type Measurement,
  Meter,
  REPORT_INTERVAL_MS,
  toDatagram,
} from "../../../src/balancer/counts/meter.ts";

/** Makes a meter on simulated time. `answer` simulates an answer that takes `ms` milliseconds. */
function simulate() {
  let nowMs = 1000;
  const timers: { atMs: number; callback: () => void }[] = [];
  const reports: Measurement[] = [];
  const meter = new Meter((measurement) => reports.push(measurement), {
    setTimer(callback, delayMs) {
      timers.push({ atMs: nowMs + delayMs, callback });
      return () => {};
    },
  });
  const answer = (ms: number, requests = 1) => {
    nowMs += ms;
    meter.add(requests, ms);
  };
  const pass = (ms: number) => {
    nowMs += ms;
    for (const due of timers.splice(0)) {
      if (due.atMs <= nowMs) due.callback();
      else timers.push(due);
    }
  };
  return { meter, answer, pass, reports, timers };
}

Deno.test({
  name:
    "meter: a report has the requests, the slowest and the fastest since the last report, in microseconds",
  permissions: "none",
  fn() {
    const { answer, pass, reports } = simulate();
    answer(0.0035);
    answer(1.5, 7);
    answer(0.002);
    assert.deepEqual(reports, []);
    pass(REPORT_INTERVAL_MS);
    assert.deepEqual(reports, [{ requests: 9, slowest: 1500, fastest: 2 }]);
    answer(0.25);
    pass(REPORT_INTERVAL_MS);
    assert.deepEqual(reports.slice(1), [{ requests: 1, slowest: 250, fastest: 250 }]);
  },
});

Deno.test({
  name: "meter: while requests come there is a report at least every 100 ms, and without requests none",
  permissions: "none",
  fn() {
    const { answer, pass, reports, timers } = simulate();
    pass(1000);
    assert.equal(timers.length, 0);
    for (let at = 0; at < 1000; at += 10) {
      answer(0);
      pass(10);
    }
    assert.ok(reports.length >= 10);
    assert.equal(reports.reduce((sum, { requests }) => sum + requests, 0), 100);
    const told = reports.length;
    pass(1000);
    pass(1000);
    assert.deepEqual([reports.length, timers.length], [told, 0]);
  },
});

Deno.test({
  name: "meter: flush reports the last requests at once, and only once",
  permissions: "none",
  fn() {
    const { answer, pass, reports, meter } = simulate();
    meter.flush();
    assert.deepEqual(reports, []);
    answer(0.001);
    meter.flush();
    meter.flush();
    pass(REPORT_INTERVAL_MS);
    assert.deepEqual(reports, [{ requests: 1, slowest: 1, fastest: 1 }]);
  },
});

Deno.test({
  name: "meter: two measurements are combined the same way in any order",
  permissions: "none",
  fn() {
    const [one, other] = [{ requests: 3, slowest: 20, fastest: 7 }, { requests: 1, slowest: 9, fastest: 2 }];
    const both = { requests: 4, slowest: 20, fastest: 2 };
    assert.deepEqual([combined(one, other), combined(other, one)], [both, both]);
  },
});

Deno.test({
  name: "meter: a datagram is a message in the aggregator's format",
  permissions: "none",
  fn() {
    const bytes = toDatagram({ requests: 3, slowest: 1500, fastest: 2 });
    assert.equal(new TextDecoder().decode(bytes), '{"A1":3,"A2":1500,"A3":2}');
  },
});
