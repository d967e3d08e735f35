import assert from "node:assert/strict";
import { BoardReader, createBoardMemory, LAG_BOUNDS } from "../../../src/aggregator/admin/board.ts";
import { boards, REPORT, SAMPLE, SHAPE } from "../../support/http/admin_report.ts";

const WINDOW = { lengthSeconds: 60, timestampSeconds: 1060, sum: 2n ** 70n, max: 5n, min: -5n };

Deno.test({
  name: "board: the reader sees nothing before the first report, and every value after it",
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
  name: "board: a reader gives up when the master stopped in the middle of a write",
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

Deno.test({
  name: "board: a reader sees either a whole report or none while another thread writes",
  permissions: { read: ["."] },
  async fn() {
    const memory = createBoardMemory(SHAPE);
    const worker = new Worker(new URL("./board_writer_worker.ts", import.meta.url), {
      type: "module",
    });
    const started = Promise.withResolvers<void>();
    worker.onmessage = () => started.resolve();
    worker.postMessage(memory);
    await started.promise;
    const reader = new BoardReader(memory);
    let seen = 0;
    for (const untilMs = performance.now() + 500; performance.now() < untilMs;) {
      const report = reader.now()?.report;
      if (report === undefined) continue;
      seen++;
      // The writing worker puts the same number in all these fields of a report.
      assert.equal(report.accepted, report.lost);
      assert.equal(report.sockets[1]!.bufferBytes, report.accepted);
    }
    worker.terminate();
    assert.ok(seen > 10, `${seen}`);
  },
});
