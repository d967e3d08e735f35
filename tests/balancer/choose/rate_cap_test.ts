import assert from "node:assert/strict";
import fc from "fast-check";
import { passes, rateCap } from "../../../src/balancer/choose/rate_cap.ts";

const newCell = () => new Int32Array(new SharedArrayBuffer(4));

Deno.test({
  name: "rate cap: under overload as many requests pass as the rate allows, within 5 %",
  permissions: "none",
  fn() {
    const start = fc.double({ min: 0, max: 2e12, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), start, (rate, startMs) => {
        const [cell, cap] = [newCell(), rateCap(rate)];
        const seconds = Math.max(2, 100 / rate);
        let passed = 0;
        // 3.1 times the rate, so that steps and rate do not coincide.
        const stepMs = 1000 / rate / 3.1;
        passes(cell, cap, startMs, true);
        for (let ms = 0; ms < seconds * 1000; ms += stepMs) {
          if (passes(cell, cap, startMs + ms, true)) passed++;
        }
        const burst = Math.max(2, rate * 0.1);
        assert.ok(passed >= rate * seconds * 0.95 - 1, `${passed} of ${rate * seconds}`);
        assert.ok(passed <= rate * seconds * 1.05 + burst + 1, `${passed} of ${rate * seconds}`);
      }),
      { numRuns: 60 },
    );
  },
});

Deno.test({
  name: "rate cap: after a pause a burst of at most a tenth of a second's rate passes",
  permissions: "none",
  fn() {
    const [cell, cap] = [newCell(), rateCap(1000)];
    assert.ok(passes(cell, cap, 5000, true));
    const passed = Array.from({ length: 500 }, () => passes(cell, cap, 25_000, true)).filter(Boolean).length;
    assert.ok(passed >= 95 && passed <= 105, `${passed}`);
  },
});

Deno.test({
  name: "rate cap: requests pass again after any pause, and after the clock was set back",
  permissions: "none",
  fn() {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.array(fc.double({ min: 0, max: 1e13, noNaN: true })),
        (rate, times) => {
          const [cell, cap] = [newCell(), rateCap(rate)];
          for (const ms of times) {
            passes(cell, cap, ms, true);
            // Whatever came before, a request passes within two intervals of the rate or within 101 ms.
            assert.ok(
              [0, 1000 / rate, 2000 / rate, 101].some((wait) => passes(cell, cap, ms + wait, true)),
            );
          }
        },
      ),
    );
  },
});

Deno.test({
  name: "rate cap: asking without taking uses nothing up",
  permissions: "none",
  fn() {
    const [cell, cap] = [newCell(), rateCap(1)];
    for (let i = 0; i < 5; i++) assert.ok(passes(cell, cap, 1000, false));
    for (const isFree of [true, true, false]) assert.equal(passes(cell, cap, 1000, true), isFree);
    assert.equal(passes(cell, cap, 1000, false), false);
  },
});
