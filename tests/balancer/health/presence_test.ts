import assert from "node:assert/strict";
import fc from "fast-check";
import { holdsForMs, Presence, type Report, SLOW_START_MS } from "../../../src/balancer/health/presence.ts";

const CHECK = { everyS: 2, timeoutS: 1 };
const UP: Report = { state: "up", reason: "" };
const DOWN: Report = { state: "down", reason: "status 503" };
const UNCHECKED: Report = { state: "unchecked", reason: "--allow-net=a:80" };

Deno.test({
  name: "presence: a report holds until it expires without being renewed",
  permissions: "none",
  fn() {
    const presence = new Presence(CHECK, 100);
    assert.deepEqual(presence.at(5000), { state: "unknown", reason: "", sinceMs: 100, share: 1 });
    presence.report(DOWN, 6000);
    presence.report(DOWN, 8000);
    const down = { state: "down", reason: "status 503", sinceMs: 6000, share: 0 };
    assert.deepEqual(presence.at(8000), down);
    assert.equal(holdsForMs(CHECK), 7000);
    assert.deepEqual(presence.at(14_999), down);
    const unknown = {
      state: "unknown",
      reason: "no prober has reported on it lately",
      sinceMs: 15_000,
      share: 1,
    };
    assert.deepEqual(presence.at(15_000), unknown);
    assert.deepEqual(presence.at(99_000), unknown);
    presence.report(UP, 99_500);
    assert.deepEqual(presence.at(99_500), { state: "up", reason: "", sinceMs: 99_500, share: 1 });
  },
});

Deno.test({
  name: "presence: a destination that comes back takes its share in steps over ten seconds",
  permissions: "none",
  fn() {
    const presence = new Presence(CHECK, 0);
    presence.report(UP, 0);
    assert.equal(presence.at(0).share, 1, "it was never down");
    presence.report(DOWN, 1000);
    presence.report(UP, 2000);
    const shares: number[] = [];
    for (let ms = 2000; ms <= 12_000; ms += 500) {
      presence.report(UP, ms);
      shares.push(presence.at(ms).share);
    }
    const tenths = shares.map((share) => Math.round(share * 10));
    assert.deepEqual(tenths, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 10]);
  },
});

Deno.test({
  name: "presence: a prober without permission does not override the result of another prober",
  permissions: "none",
  fn() {
    const presence = new Presence(CHECK, 0);
    presence.report(UNCHECKED, 0);
    assert.deepEqual(presence.at(0), { ...UNCHECKED, sinceMs: 0, share: 1 });
    presence.report(DOWN, 1000);
    presence.report(UNCHECKED, 2000);
    assert.equal(presence.at(2000).state, "down");
    presence.report(UNCHECKED, 9000);
    assert.equal(presence.at(9000).state, "unchecked");
  },
});

Deno.test({
  name: "presence: after any reports, the share is 0 only while down, and becomes 1 after reports of up",
  permissions: "none",
  fn() {
    const reports = fc.array(fc.tuple(fc.nat(20_000), fc.constantFrom(UP, DOWN, UNCHECKED)));
    fc.assert(
      fc.property(reports, (all) => {
        const presence = new Presence(CHECK, 0);
        let nowMs = 0;
        for (const [afterMs, report] of all) {
          nowMs += afterMs;
          presence.report(report, nowMs);
          const { state, share, sinceMs } = presence.at(nowMs);
          assert.ok(sinceMs <= nowMs);
          assert.equal(share === 0, state === "down");
          if (state !== "up") assert.equal(share, state === "down" ? 0 : 1);
        }
        for (let ms = 0; ms <= SLOW_START_MS; ms += 1000) presence.report(UP, nowMs + ms);
        assert.equal(presence.at(nowMs + SLOW_START_MS).share, 1);
      }),
    );
  },
});
