import assert from "node:assert/strict";
import { LAG_BOUNDS } from "../../../src/aggregator/admin/board.ts";
import { boards, REPORT, SAMPLE } from "../../support/admin_report.ts";

const WINDOW = { lengthSeconds: 60, timestampSeconds: 1060, sum: 2n ** 70n, max: 5n, min: -5n };

Deno.test({
  name: "board: nothing is known before the first report, and then all that was told",
  permissions: "none",
  fn() {
    const { writer, reader } = boards();
    assert.equal(reader.now(), undefined);
    assert.ok(Number.isNaN(reader.tickedMs));
    writer.tick(60_900);
    writer.closed([WINDOW]);
    writer.lag(0.02, 2);
    writer.report(REPORT, SAMPLE);
    assert.equal(reader.tickedMs, 60_900);
    const { report, last, lag } = reader.now()!;
    assert.deepEqual(report, REPORT);
    assert.deepEqual(last, [undefined, WINDOW]);
    assert.deepEqual([lag.bounds, lag.counts.indexOf(2), lag.sum], [LAG_BOUNDS, 2, 0.04]);
    assert.deepEqual(reader.history(), { samples: [SAMPLE], windows: [[], [WINDOW]] });
  },
});

Deno.test({
  name: "board: a master that stopped within a write is not waited for",
  permissions: "none",
  fn() {
    const { writer, reader, buffer } = boards();
    writer.report(REPORT, SAMPLE);
    Atomics.add(new Int32Array(buffer), 0, 1);
    assert.equal(reader.now(), undefined);
    assert.equal(reader.history(), undefined);
    Atomics.add(new Int32Array(buffer), 0, 1);
    assert.deepEqual(reader.now()!.report, REPORT);
  },
});
