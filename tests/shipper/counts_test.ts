import assert from "node:assert/strict";
import { renderMetrics } from "../../src/shared/metrics/exposition.ts";
import { count, families, newCounts } from "../../src/shipper/counts.ts";
import { batchOf, beginningOf, recordLineOf } from "../support/messages/shipper_batches.ts";

Deno.test({
  name: "counts: the results of each batch are counted, and exposed in the format of Prometheus",
  permissions: "none",
  fn() {
    const counts = newCounts();
    const batch = batchOf(beginningOf("a"), `${recordLineOf({})}no record\n`);
    const shipped = { batch, inserted: 4, repeated: 3, conflicts: 2, expired: 1, firstConflict: 0 };
    count(counts, shipped);
    count(counts, shipped);
    assert.deepEqual(counts, {
      rows: 8,
      repeated: 6,
      conflicts: 4,
      expired: 2,
      rejected: 2,
      batches: 2,
      retries: 0,
    });
    const text = renderMetrics(families(counts, { bytes: 7, seconds: 0.5 }, true), "text");
    assert.ok(text.includes('sluice_ship_rows_total{result="inserted"} 8\n'));
    assert.ok(text.includes("# TYPE sluice_ship_lag_seconds gauge\nsluice_ship_lag_seconds 0.5\n"));
    for (const line of text.trimEnd().split("\n")) {
      assert.match(line, /^(# (HELP|TYPE) sluice_ship_\w+ .+|sluice_ship_\w+(\{result="\w+"\})? [\d.]+)$/);
    }
  },
});
