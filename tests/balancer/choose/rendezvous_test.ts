import assert from "node:assert/strict";
import fc from "fast-check";
import { drawn, keyOf, seedOf } from "../../../src/balancer/choose/rendezvous.ts";

const SEEDS = ["origin", "cdn-a", "cdn-b", "cdn-c"].map(seedOf);
const PATHS = 200_000;
const keyAt = (i: number) => keyOf("s1", `/video/${i}/index.m3u8`, true);

Deno.test({
  name:
    "rendezvous: shares are within one percentage point of the weights, and only the paths of a removed destination move",
  permissions: "none",
  fn() {
    const weights = [1, 6, 3, 0];
    const without = [1, 6, 0, 0];
    const counts = [0, 0, 0, 0];
    let moved = 0;
    for (let i = 0; i < PATHS; i++) {
      const key = keyAt(i);
      const place = drawn(key, SEEDS, weights);
      counts[place]!++;
      if (place !== 2 && drawn(key, SEEDS, without) !== place) moved++;
    }
    weights.forEach((weight, i) => assert.ok(Math.abs(counts[i]! / PATHS - weight / 10) < 0.01, `${counts}`));
    assert.equal(moved, 0);
  },
});

Deno.test({
  name: "rendezvous: a destination whose weight is raised gains paths and loses none",
  permissions: "none",
  fn() {
    const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 4, maxLength: 4 });
    fc.assert(fc.property(weights, fc.nat(), fc.nat({ max: 3 }), (before, path, raised) => {
      const after = before.map((weight, i) => i === raised ? weight * 2 : weight);
      const place = drawn(keyAt(path), SEEDS, after);
      assert.ok(place === drawn(keyAt(path), SEEDS, before) || place === raised);
    }));
  },
});

Deno.test({
  name: "rendezvous: the key depends on the server and the directory or the whole path, never on the query",
  permissions: "none",
  fn() {
    const all = keyOf("s1", "/a/b/c.m3u8", true);
    assert.equal(keyOf("s1", "/a/b/d.ts?token=/x/y", true), all);
    for (const [server, path] of [["s2", "/a/b/c.m3u8"], ["s1", "/a/bc.m3u8"], ["s1", "/a/b/c/"]] as const) {
      assert.notEqual(keyOf(server, path, true), all);
    }
    const file = keyOf("s1", "/a/b/c.m3u8", false);
    assert.equal(keyOf("s1", "/a/b/c.m3u8?x", false), file);
    assert.notEqual(keyOf("s1", "/a/b/d.m3u8", false), file);
  },
});
