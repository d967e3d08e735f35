import assert from "node:assert/strict";
import { Work } from "../../../src/balancer/counts/work.ts";
import { REPORT_MS, Reporter, type WorkReport } from "../../../src/balancer/counts/work_report.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";

const NONE = {
  ...{ accepted: 0, failed: 0, timedOutReading: 0, timedOutIdle: 0, timedOutWriting: 0 },
  ...{ evicted: 0, refused: 0 },
};

function simulate() {
  const clock = new SimulatedClock(0);
  const reports: WorkReport[] = [];
  const state = { connections: { ...NONE }, open: 0, timers: 0 };
  const work = new Work();
  const reporter = new Reporter({
    work,
    connections: () => state.connections,
    open: () => state.open,
    post: (report) => reports.push(report),
    setTimer(callback, delayMs) {
      state.timers++;
      clock.setTimer(callback, delayMs);
    },
  });
  return { clock, reports, state, work, reporter };
}

Deno.test({
  name: "work report: new counts are reported at most once a second, and without them nothing is reported",
  permissions: "none",
  async fn() {
    const { clock, reports, state, work, reporter } = simulate();
    state.connections.accepted = 2;
    state.open = 2;
    reporter.wake();
    reporter.wake();
    work.answered(200);
    await clock.pass(REPORT_MS - 1);
    assert.equal(reports.length, 0);
    await clock.pass(1);
    assert.deepEqual(reports.map(({ connections, open }) => [connections.accepted, open]), [[2, 2]]);
    await clock.pass(5 * REPORT_MS);
    assert.equal(reports.length, 1);
    // While a connection is open, requests may come at any time, so the reporter runs without being woken.
    work.answered(200);
    state.connections.timedOutIdle = 1;
    state.open = 0;
    await clock.pass(REPORT_MS);
    assert.deepEqual(reports[1]!.connections, { ...NONE, timedOutIdle: 1 });
    assert.deepEqual([...reports[1]!.done!.answers], [[200, 1]]);
    const { timers } = state;
    await clock.pass(60 * REPORT_MS);
    assert.ok(state.timers - timers <= 1);
    assert.equal(reports.length, 2);
  },
});

Deno.test({
  name: "work report: flush reports the last counts at once",
  permissions: "none",
  fn() {
    const { reports, work, reporter } = simulate();
    assert.equal(reporter.flush(), false);
    work.answered(204);
    assert.equal(reporter.flush(), true);
    assert.equal(reports.length, 1);
  },
});
