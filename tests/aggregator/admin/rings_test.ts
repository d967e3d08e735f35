import assert from "node:assert/strict";
import fc from "fast-check";
import { type PastWindow, Rings, ringsBytes } from "../../../src/aggregator/admin/rings.ts";
import { SHAPE } from "../../support/http/admin_report.ts";

const ringsOf = (windowSeconds: readonly number[]): Rings => {
  const shape = { ...SHAPE, windowSeconds };
  return new Rings(shape, new SharedArrayBuffer(8 + ringsBytes(shape)), 8);
};
const window = (lengthSeconds: number, timestampSeconds: number, sum = 1n): PastWindow => ({
  lengthSeconds,
  timestampSeconds,
  sum,
  max: 2n,
  min: -3n,
});

Deno.test({
  name: "rings: one hour is kept, and the last window of every length",
  permissions: "none",
  fn() {
    const rings = ringsOf([1, 7, 86_400]);
    assert.deepEqual(rings.last(), [undefined, undefined, undefined]);
    assert.deepEqual(rings.history(), { samples: [], windows: [[], [], []] });
    for (let second = 1; second <= 8000; second++) {
      rings.addSample({ seconds: second, received: second * 2, accepted: 0, rejected: 1, dropped: NaN });
      rings.addWindow(window(1, second));
      if (second % 7 === 0) rings.addWindow(window(7, second));
    }
    rings.addWindow(window(86_400, 8000));
    rings.addWindow(window(5, 8000)); // No window of this length is configured.
    const { samples, windows } = rings.history();
    assert.equal(samples.length, 3601);
    assert.deepEqual(samples[0], { seconds: 4400, received: 8800, accepted: 0, rejected: 1, dropped: NaN });
    assert.equal(samples.at(-1)!.seconds, 8000);
    assert.deepEqual(windows.map((rows) => rows.length), [3601, 516, 1]);
    assert.deepEqual(windows[1]!.at(-1), window(7, 7994));
    assert.deepEqual(rings.last(), [window(1, 8000), window(7, 7994), window(86_400, 8000)]);
  },
});

Deno.test({
  name: "rings: a sum of any size is kept exactly",
  permissions: "none",
  fn() {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }), int64, int64, (sum, max, min) => {
        const rings = ringsOf([10]);
        const added = { ...window(10, 99, sum), max, min };
        rings.addWindow(added);
        assert.deepEqual(rings.last(), [added]);
      }),
    );
  },
});
