import assert from "node:assert/strict";
import type { Availability } from "../../../src/balancer/choose/availability.ts";
import { explain } from "../../../src/balancer/redirect/explain.ts";
import { shortForm } from "../../../src/balancer/routes/route_settings.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";

const CDNS = [{ name: "a", host: "a.example.net", weight: 6 }, {
  name: "b",
  host: "b.example.net/x",
  weight: 3,
}];
const ROUTE = {
  cluster: "origin-cluster",
  version: 7,
  cdns: CDNS,
  ...shortForm(CDNS),
  originWeight: 1,
  originPort: null,
};
const UNCHECKED = { health: "unchecked", reason: "" };
const VIDEO = "http://s1.origin-cluster/v/1.m3u8";
const A_DOWN: Availability = {
  absent: new Map([["a", { share: 0, reason: "failover" }]]),
  drainedServers: new Set(),
};

Deno.test({
  name: "explain: it says what would happen and why, without taking a turn",
  permissions: "none",
  fn() {
    const table = routingTable([ROUTE], { availabilityOf: () => A_DOWN, turnsTaken: () => 2n ** 53n });
    const healthOf = (_cluster: string, name: string) =>
      name === "a" ? { state: "down", reason: "it broke" } : undefined;
    const once = explain(VIDEO, table, () => 0, healthOf);
    assert.deepEqual(once, {
      cluster: "origin-cluster",
      version: 7,
      spread: "turn",
      turn: "9007199254740993",
      destinations: [
        { name: "origin", weight: 1, share: 0.25, away: undefined, ...UNCHECKED },
        { name: "a", weight: 6, share: 0, away: "failover", health: "down", reason: "it broke" },
        { name: "b", weight: 3, share: 0.75, away: undefined, ...UNCHECKED },
      ],
      choice: { destination: "b", reason: "failover" },
      location: "http://b.example.net/x/s1/v/1.m3u8",
    });
    assert.deepEqual(explain(VIDEO, table, () => 0, healthOf), once);
    const byPath = routingTable([{ ...ROUTE, spread: "path" }]);
    const explained = explain(VIDEO, byPath, () => 0);
    assert.ok(
      "choice" in explained && explained.spread === "directory" && explained.choice.reason === "path",
    );
  },
});

Deno.test({
  name: "explain: a refusal has the status and reason that a viewer gets",
  permissions: "none",
  fn() {
    const table = routingTable([ROUTE]);
    for (const [video, status] of [["http://s1.other/v", 404], ["ftp://a", 400]] as const) {
      const explained = explain(video, table, () => 0);
      assert.ok("refusal" in explained && explained.refusal.status === status && explained.refusal.reason);
    }
    const off = explain(VIDEO, routingTable([{ ...ROUTE, enabled: false }]), () => 0);
    assert.deepEqual(off, {
      refusal: { status: 404, reason: "The cluster of this video URL is switched off" },
    });
  },
});
