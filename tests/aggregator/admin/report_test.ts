import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeReport, encodeReport, reportCells, SCALARS } from "../../../src/aggregator/admin/report.ts";
import { REPORT, SHAPE } from "../../support/http/admin_report.ts";

Deno.test({
  name: "report: a decoded report equals the encoded one, and missing workers are NaN",
  permissions: "none",
  fn() {
    const cells = new Float64Array(reportCells(SHAPE));
    encodeReport(REPORT, SHAPE, cells);
    assert.deepEqual(decodeReport(cells, SHAPE), REPORT);
    encodeReport({ ...REPORT, workers: [], sockets: [] }, SHAPE, cells);
    assert.deepEqual(decodeReport(cells, SHAPE).workers[2], { state: NaN, place: NaN, received: NaN });
  },
});

Deno.test({
  name: "report: any numbers of any number of workers and sockets survive encoding and decoding",
  permissions: "none",
  fn() {
    const number = fc.oneof(fc.double(), fc.maxSafeNat());
    fc.assert(fc.property(fc.nat(5), fc.nat(3), fc.infiniteStream(number), (workers, sockets, numbers) => {
      const next = () => numbers.next().value;
      const shape = { ...SHAPE, workers, sockets };
      const report = {
        ...REPORT,
        ...Object.fromEntries(SCALARS.map((name) => [name, next()])),
        workers: Array.from({ length: workers }, () => ({ state: next(), place: next(), received: next() })),
        sockets: Array.from(
          { length: sockets },
          () => ({ dropped: next(), queuedBytes: next(), bufferBytes: next() }),
        ),
      };
      const cells = new Float64Array(reportCells(shape));
      encodeReport(report, shape, cells);
      assert.deepEqual(decodeReport(cells, shape), report);
    }));
  },
});
