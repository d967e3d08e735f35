import assert from "node:assert/strict";
import { ageSeconds, known, momentOf } from "../../../src/aggregator/admin/facts.ts";
import { boards, REPORT, SAMPLE } from "../../support/http/admin_report.ts";

Deno.test({
  name: "facts: an unknown time has no age, and a time in the future has age 0",
  permissions: "none",
  fn() {
    assert.deepEqual([ageSeconds(2500, 1000), ageSeconds(1000, NaN), ageSeconds(1000, 1001)], [1.5, null, 0]);
    assert.deepEqual([known(0), known(NaN)], [0, null]);
    const { writer, reader } = boards();
    writer.tick(7);
    writer.report(REPORT, SAMPLE);
    const moment = momentOf(reader, 9);
    assert.deepEqual([moment.nowMs, moment.tickedMs, moment.reading?.report.accepted], [9, 7, 101]);
  },
});
