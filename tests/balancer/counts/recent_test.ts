import assert from "node:assert/strict";
import { Recent, SLOT_MS } from "../../../src/balancer/counts/recent.ts";

Deno.test({
  name: "recent: counts cover the last minute and the last hour, and older counts drop out",
  permissions: "none",
  fn() {
    const recent = new Recent(5000);
    recent.add("a", 2, 6000);
    recent.add("a", 3, 19_999);
    assert.deepEqual([recent.minute("a", 20_000), recent.hour("a", 20_000)], [5, 5]);
    assert.equal(recent.minuteSeconds(20_000), 15);
    assert.deepEqual([recent.minute("a", 65_000), recent.minute("a", 75_000)], [3, 0]);
    assert.equal(recent.minuteSeconds(75_000), 55);
    assert.equal(recent.hour("a", 3_599_000), 5);
    assert.equal(recent.hour("a", 3_605_000), 3);
    assert.equal(recent.hour("a", 9_000_000), 0);
    assert.equal(recent.hour("b", 9_000_000), 0);
  },
});

Deno.test({
  name: "recent: a series has completed slots only, levels persist, and there is nothing before the start",
  permissions: "none",
  fn() {
    const recent = new Recent(SLOT_MS);
    recent.add("a", 1, SLOT_MS);
    recent.set("open", 4, SLOT_MS);
    recent.add("a", 9, 3.5 * SLOT_MS);
    const ends = recent.ends(3.5 * SLOT_MS);
    assert.deepEqual(ends, [2 * SLOT_MS, 3 * SLOT_MS]);
    assert.deepEqual(recent.series("a", ends), [1, 0]);
    assert.deepEqual(recent.series("open", ends), [4, 4]);
    const later = recent.ends(1000 * SLOT_MS);
    assert.equal(later.length, 359);
    assert.equal(Math.max(...recent.series("a", later)), 0);
    assert.deepEqual(new Set(recent.series("open", later)), new Set([4]));
  },
});

Deno.test({
  name: "recent: the number of names is limited, and unwanted names are forgotten",
  permissions: "none",
  fn() {
    const recent = new Recent(0);
    for (let i = 0; i < 1200; i++) recent.add(`name ${i}`, 1, 0);
    assert.deepEqual([recent.hour("name 999", 0), recent.hour("name 1000", 0)], [1, 0]);
    recent.keepOnly((name) => name !== "name 0");
    recent.add("another", 1, 0);
    assert.deepEqual([recent.hour("name 0", 0), recent.hour("another", 0)], [0, 1]);
  },
});
