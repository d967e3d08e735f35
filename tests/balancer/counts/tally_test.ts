import assert from "node:assert/strict";
import { choose } from "../../../src/balancer/choose/choice.ts";
import { OTHERS, RedirectTotals } from "../../../src/balancer/counts/redirect_totals.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { Tally } from "../../../src/balancer/counts/tally.ts";
import { findVideo } from "../../../src/balancer/redirect/target.ts";

const SETTINGS = { cdnHost: "cdn.example.net", cdnWeight: 3, originWeight: 1, originPort: null };
const TABLE = routingTable(["a", "b"].map((cluster) => ({ cluster, ...SETTINGS })));

function redirect(tally: Tally, cluster: string): void {
  const video = findVideo(`http://s1.${cluster}/v`, TABLE);
  assert.ok("target" in video);
  tally.count(video.target, choose(video, true, () => 0));
}

Deno.test({
  name: "tally: redirects are counted by cluster, destination and reason, and each is reported once",
  permissions: "none",
  fn() {
    const tally = new Tally();
    for (let i = 0; i < 8; i++) redirect(tally, i < 4 ? "a" : "b");
    for (let i = 0; i < 4; i++) redirect(tally, "a");
    const taken = tally.take();
    assert.deepEqual(
      taken.map(({ cluster, destination, reason, count }) => [cluster, destination, reason, count]),
      [["a", "origin", "turn", 2], ["a", "cdn", "turn", 6], ["b", "origin", "turn", 1], [
        "b",
        "cdn",
        "turn",
        3,
      ]],
    );
    assert.deepEqual(tally.take(), []);
    redirect(tally, "b");

    const totals = new RedirectTotals();
    totals.add(taken);
    totals.add(tally.take());
    const counts = () => [...totals.all()].map(({ cluster, count }) => `${cluster} ${count}`);
    assert.deepEqual(counts(), ["a 2", "a 6", "b 1", "b 4"]);
    totals.keepOnly((cluster) => cluster === "b");
    assert.deepEqual(counts(), ["b 1", "b 4"]);
    totals.keepOnly((_, destination) => destination === "cdn");
    assert.deepEqual(counts(), ["b 4"]);
  },
});

Deno.test({
  name: "tally: the number of separate counts is limited, and the rest is summed up",
  permissions: "none",
  fn() {
    const totals = new RedirectTotals(2);
    const one = { destination: "cdn", reason: "turn" as const, count: 1 };
    for (const cluster of ["a", "b", "c", "d", "a"]) totals.add([{ ...one, cluster }]);
    assert.deepEqual([...totals.all()].map(({ cluster, count }) => [cluster, count]), [["a", 2], ["b", 1], [
      OTHERS,
      2,
    ]]);
  },
});
