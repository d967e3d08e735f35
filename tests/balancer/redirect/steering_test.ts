import assert from "node:assert/strict";
import fc from "fast-check";
import type { Availability } from "../../../src/balancer/choose/availability.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { shortForm } from "../../../src/balancer/routes/route_settings.ts";
import { steeringManifest } from "../../../src/balancer/redirect/steering.ts";

const CDNS = [{ name: "a", host: "a.example.net", weight: 6 }, {
  name: "b",
  host: "b.example.net",
  weight: 3,
}];
const ROUTE = {
  cluster: "origin-cluster",
  cdns: CDNS,
  ...shortForm(CDNS),
  originWeight: 1,
  originPort: null,
};

const down = (...names: string[]): Availability => ({
  absent: new Map(names.map((name) => [name, { share: 0, reason: "failover" }])),
  drainedServers: new Set(),
});

const targetWith = (availability = down(), more: object = {}) =>
  routingTable([{ ...ROUTE, ...more }], { availabilityOf: () => availability }).get("origin-cluster")!;

/** Returns the query of the player's next request. */
const queryOf = (manifest: { "RELOAD-URI": string }) => manifest["RELOAD-URI"].split("?")[1]!;

Deno.test({
  name: "steering: new sessions take turns, and a session keeps its pathway",
  permissions: "none",
  fn() {
    const target = targetWith();
    const first = Array.from({ length: 100 }, () => steeringManifest(target, "", true));
    const counts = ["a", "b", "origin"].map((name) =>
      first.filter((manifest) => manifest["PATHWAY-PRIORITY"][0] === name).length
    );
    assert.deepEqual(counts, [60, 30, 10]);
    for (const manifest of first) {
      assert.deepEqual([manifest.VERSION, manifest.TTL], [1, 10]);
      assert.deepEqual(steeringManifest(target, `${queryOf(manifest)}&_HLS_pathway=a`, true), manifest);
      assert.deepEqual([...manifest["PATHWAY-PRIORITY"]].sort(), ["a", "b", "origin"]);
    }
    assert.equal(target.turns[0], 100n);
    assert.equal(steeringManifest(targetWith(down(), { steeringTtlS: 300 }), "", true).TTL, 300);
  },
});

Deno.test({
  name: "steering: sessions of a pathway that is down go to the others by weight, and return later",
  permissions: "none",
  fn() {
    const target = targetWith();
    const sessions = Array.from({ length: 1000 }, () => steeringManifest(target, "", true));
    const ofA = sessions.filter((manifest) => manifest["PATHWAY-PRIORITY"][0] === "a");
    const failing = targetWith(down("a"));
    const moved = ofA.map((manifest) => steeringManifest(failing, queryOf(manifest), true));
    const toB = moved.filter((manifest) => manifest["PATHWAY-PRIORITY"][0] === "b").length;
    assert.ok(toB > 0.6 * moved.length && toB < 0.9 * moved.length, `${toB} of ${moved.length}`);
    for (const manifest of moved) assert.ok(!manifest["PATHWAY-PRIORITY"].includes("a"));
    assert.deepEqual(moved.map((manifest) => steeringManifest(target, queryOf(manifest), true)), ofA);
    // If all pathways are down, all are listed.
    const all = steeringManifest(targetWith(down("a", "b", "origin")), queryOf(ofA[0]!), true);
    assert.deepEqual(all, ofA[0]);
  },
});

Deno.test({
  name: "steering: without taking a turn the manifest is the same, and any query gives a valid manifest",
  permissions: "none",
  fn() {
    const target = targetWith();
    assert.deepEqual(steeringManifest(target, "", false), steeringManifest(target, "", true));
    const query = fc.oneof(
      fc.string(),
      fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.string()).map(([turn, pathway]) =>
        `session=${turn}&pathway=${pathway}`
      ),
    );
    fc.assert(fc.property(query, (text) => {
      const manifest = steeringManifest(target, text, true);
      assert.equal(manifest["PATHWAY-PRIORITY"].length, 3);
      assert.match(manifest["RELOAD-URI"], /^origin-cluster\?session=[1-9]\d*&pathway=(a|b|origin)$/);
    }));
  },
});
