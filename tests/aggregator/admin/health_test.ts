import assert from "node:assert/strict";
import type { Moment } from "../../../src/aggregator/admin/facts.ts";
import { troublesOf } from "../../../src/aggregator/admin/health.ts";
import type { Report } from "../../../src/aggregator/admin/report.ts";
import { boards, FACTS, REPORT, SAMPLE } from "../../support/http/admin_report.ts";

function momentWith(change: Partial<Report>, nowMs = 62_000): Moment {
  const { writer, reader } = boards();
  writer.report({ ...REPORT, ...change }, SAMPLE);
  return { nowMs, tickedMs: 61_000, reading: reader.now() };
}

const workersIn = (...states: number[]) => states.map((state, place) => ({ state, place, received: 1 }));

const CASES: [name: string, moment: Moment, codes: string[]][] = [
  ["all is well", momentWith({}), []],
  ["before the first tick", { nowMs: 1, tickedMs: NaN, reading: undefined }, ["starting"]],
  ["before the first report", { nowMs: 1, tickedMs: 0, reading: undefined }, ["starting"]],
  ["the last tick was 2 s ago", momentWith({}, 63_000), []],
  ["the last tick was more than 2 s ago", momentWith({ sinkFailing: 1 }, 63_001), ["master_silent"]],
  ["the file fails", momentWith({ sinkFailing: 1 }), ["sink_failing"]],
  ["a worker is silent", momentWith({ workers: workersIn(1, 2, 0) }), ["worker_silent"]],
  ["a worker was replaced by the last spare", momentWith({ workers: workersIn(3, 1, 1), sparesLeft: 0 }), [
    "no_spare_left",
  ]],
  [
    "no spare was left for a dead worker",
    momentWith({ workers: workersIn(3, 1, 3), sparesLeft: 0, sinkFailing: 1 }),
    [
      "socket_unread",
      "sink_failing",
      "no_spare_left",
    ],
  ],
];

for (const [name, moment, codes] of CASES) {
  Deno.test({
    name: `admin health: ${name}`,
    permissions: "none",
    fn() {
      const troubles = troublesOf(moment, FACTS);
      assert.deepEqual(troubles.map(({ code }) => code), codes);
      for (const { text } of troubles) assert.match(text, /^[A-Z].*\.$/);
    },
  });
}

Deno.test({
  name: "admin health: without configured spares, none is reported missing",
  permissions: "none",
  fn() {
    assert.deepEqual(troublesOf(momentWith({ sparesLeft: 0 }), { ...FACTS, spareWorkers: 0 }), []);
  },
});
