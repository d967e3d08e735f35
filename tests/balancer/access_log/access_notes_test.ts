import assert from "node:assert/strict";
import { AccessNotes, HAND_OVER_MS } from "../../../src/balancer/access_log/access_notes.ts";
import { choose } from "../../../src/balancer/choose/choice.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { findVideo } from "../../../src/balancer/redirect/target.ts";

const TABLE = routingTable([
  { cluster: "origin-cluster", cdnHost: "cdn.example.net", cdnWeight: 1, originWeight: 1, originPort: null },
]);

function video(url = "http://s1.origin-cluster/v/1.m3u8?token=secret") {
  const found = findVideo(url, TABLE);
  assert.ok("target" in found);
  return found;
}

function notes(sample: number, random: () => number = () => 0.5) {
  const handed: { lines: Record<string, unknown>[]; count: number }[] = [];
  const timers: { callback: () => void; ms: number }[] = [];
  const made = new AccessNotes({
    sample,
    random,
    handOver: (lines, count) =>
      handed.push({ lines: lines.trimEnd().split("\n").map((line) => JSON.parse(line)), count }),
    clock: {
      wallMs: () => 0,
      setTimer: (callback, ms) => {
        timers.push({ callback, ms });
        return () => {};
      },
    },
  });
  return { notes: made, handed, timers };
}

Deno.test({
  name: "access notes: redirects and refusals are noted without queries, once the answers are written",
  permissions: "none",
  fn() {
    const { notes: made, handed, timers } = notes(1);
    const one = video();
    made.redirected(301, one, choose(one, true, () => 0), 7n);
    made.answered(200);
    made.refused(404, "The cluster of this video URL is not configured", "/?video=http://s1.other/a?token=x");
    made.answered(300);
    made.refused(431, "Too large");
    made.answered(250);
    assert.equal(timers.length, 0);
    made.handedOver(0.0123);
    assert.deepEqual(timers.map(({ ms }) => ms), [HAND_OVER_MS]);
    timers[0]!.callback();
    const time = "1970-01-01T00:00:00.000Z";
    assert.deepEqual(handed, [{
      count: 3,
      lines: [
        {
          ...{ time, status: 301, cluster: "origin-cluster", target: "cdn", reason: "turn", turn: "7" },
          ...{ server: "s1", path: "/v/1.m3u8", bytes: 200, us: 12 },
        },
        {
          ...{ time, status: 404, refusal: "The cluster of this video URL is not configured", path: "/" },
          ...{ bytes: 300, us: 12 },
        },
        { time, status: 431, refusal: "Too large", bytes: 250, us: 12 },
      ],
    }]);
    assert.doesNotMatch(JSON.stringify(handed), /token/);
    made.flush();
    assert.equal(handed.length, 1);
  },
});

Deno.test({
  name: "access notes: the sample decides how many answers are noted, each with its own length",
  permissions: "none",
  fn() {
    let at = 0;
    const { notes: made, handed } = notes(0.25, () => at++ % 4 / 4);
    for (let i = 0; i < 100; i++) {
      made.refused(404, "no");
      made.answered(i);
      made.handedOver(1);
    }
    made.flush();
    assert.deepEqual(handed[0]!.lines.map(({ bytes }) => bytes), Array.from({ length: 25 }, (_, i) => 4 * i));
    const none = notes(0);
    none.notes.refused(404, "no");
    none.notes.answered(1);
    none.notes.handedOver(1);
    none.notes.flush();
    assert.deepEqual([none.handed, none.timers], [[], []]);
  },
});

Deno.test({
  name: "access notes: many lines are handed over without waiting for the timer",
  permissions: "none",
  fn() {
    const { notes: made, handed } = notes(1);
    for (let i = 0; i < 1000; i++) {
      made.refused(400, "x".repeat(100));
      made.answered(1);
      made.handedOver(1);
    }
    assert.ok(handed.length > 3);
    made.flush();
    assert.equal(handed.reduce((sum, { count }) => sum + count, 0), 1000);
  },
});
