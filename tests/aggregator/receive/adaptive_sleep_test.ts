import assert from "node:assert/strict";
import fc from "fast-check";
import { AdaptiveSleep } from "../../../src/aggregator/receive/adaptive_sleep.ts";

function test(name: string, fn: () => void): void {
  Deno.test({ name: `adaptive sleep: ${name}`, permissions: "none", fn });
}

/** Returns the sleep that `perMs` datagrams per ms settle at, and how many datagrams a read then finds. */
function settle(perMs: number, batch: number, msMax: number): { ms: number; received: number } {
  const sleep = new AdaptiveSleep(batch, msMax);
  let [ms, received] = [0, 0];
  for (let i = 0; i < 100; i++) {
    received = Math.min(batch, Math.round(perMs * Math.max(ms, 0.05)));
    ms = sleep.after(received);
  }
  return { ms, received };
}

test("settles where a read finds a quarter to a half of a batch, or at the longest sleep", () => {
  assert.deepEqual(settle(200, 1024, 10), { ms: 2, received: 400 });
  assert.deepEqual(settle(50, 1024, 10), { ms: 8, received: 400 });
  assert.deepEqual(settle(1, 1024, 10), { ms: 10, received: 10 });
});

test("never sleeps after half a batch or more, nor longer than the given maximum", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 20, noNaN: true }), fc.array(fc.nat(1024)), (msMax, reads) => {
      const sleep = new AdaptiveSleep(1024, msMax);
      for (const received of reads) {
        const ms = sleep.after(received);
        assert.ok(ms >= 0 && ms <= msMax);
        if (received >= 512) assert.equal(ms, 0);
      }
    }),
  );
});
