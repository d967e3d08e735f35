import assert from "node:assert/strict";
import { type FleetWindow, Following, windowLine, windowTable } from "../../src/fleet/windows.ts";

const WINDOW: FleetWindow = {
  endSeconds: 1_795_262_400,
  countType: "10s",
  sum: "12345678901234567890123",
  max: "5",
  min: "-6",
  instances: 2,
  partialInstances: 0,
  missingInstances: 0,
  unaligned: 0,
};

function test(name: string, fn: () => void): void {
  Deno.test({ name: `fleet windows: ${name}`, permissions: "none", fn });
}

test("a line has the aggregator's format, with the number of instances and of irregularities", () => {
  const line =
    '{"timestamp":1795262400, "count_type":"10s", "A1_sum": 12345678901234567890123, "A2_max":5, "A3_min": -6, "instances":2';
  assert.equal(windowLine(WINDOW), `${line}}`);
  assert.equal(
    windowLine({ ...WINDOW, partialInstances: 1, missingInstances: 3, unaligned: 4 }),
    `${line}, "partial_instances":1, "missing_instances":3, "unaligned":4}`,
  );
});

test("a table has aligned columns with all digits", () => {
  assert.deepEqual(windowTable([WINDOW, { ...WINDOW, sum: "7", countType: "60s" }]), [
    "end                   type                   A1_sum  A2_max  A3_min  instances  partial  missing",
    "2026-11-21T12:00:00Z   10s  12345678901234567890123       5      -6          2        0        0",
    "2026-11-21T12:00:00Z   60s                        7       5      -6          2        0        0",
  ]);
});

test("a follower sees a window once it is complete or the wait is over, and again when it changes", () => {
  const following = new Following(5);
  const late = { ...WINDOW, missingInstances: 1 };
  const end = WINDOW.endSeconds;
  assert.deepEqual(following.next([late], end + 1), []);
  assert.deepEqual(following.next([late], end + 5), [late]);
  assert.deepEqual(following.next([late], end + 6), []);
  assert.deepEqual(following.next([WINDOW], end + 7), [WINDOW]);
  assert.deepEqual(following.next([WINDOW], end + 8), []);
  // A window that is no longer read is forgotten.
  assert.deepEqual(following.next([], end + 9), []);
  assert.deepEqual(following.next([WINDOW], end + 10), [WINDOW]);
});
