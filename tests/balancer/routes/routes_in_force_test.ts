import assert from "node:assert/strict";
import { RoutesInForce } from "../../../src/balancer/routes/routes_in_force.ts";
import type { Route } from "../../../src/balancer/choose/routing.ts";
import { createLog } from "../../../src/shared/log.ts";

const route = (cluster: string, version: number, problem?: string): Route => ({
  cluster,
  cdnHost: "cdn.example.net",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
  version,
  updatedAt: "2026-11-25T00:00:00.000Z",
  updatedBy: "alice",
  ...problem && { problem },
});

function routesInForce() {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "text",
    write: (line) => void lines.push(line),
    now: () => new Date(0),
  });
  return { inForce: new RoutesInForce(log), lines };
}

const versionsOf = (routes: readonly Route[]) =>
  routes.map(({ cluster, version }) => `${cluster} ${version}`);

Deno.test({
  name: "routes in force: an invalid route leaves its last valid version in force, and does not delay others",
  permissions: "none",
  fn() {
    const { inForce, lines } = routesInForce();
    assert.deepEqual(versionsOf(inForce.take([route("a", 1), route("b", 1)])), ["a 1", "b 1"]);
    const broken = [route("a", 2, "cdn_host: no"), route("b", 2), route("new", 1, "cdn_host: no")];
    assert.deepEqual(versionsOf(inForce.take(broken)), ["a 1", "b 2"]);
    assert.deepEqual(versionsOf(inForce.take(broken)), ["a 1", "b 2"]);
    assert.equal(lines.length, 2);
    assert.match(lines[0]!, /route_refused.* its last valid version stays.*a.*cdn_host: no/);
    assert.match(lines[1]!, /route_refused.* get 404.*new/);
    assert.deepEqual(versionsOf(inForce.take([route("a", 3)])), ["a 3"]);
    assert.deepEqual(versionsOf(inForce.take([])), []);
    assert.deepEqual(
      versionsOf(inForce.take([route("a", 4, "cdn_host: no")])),
      [],
      "the route was removed meanwhile",
    );
    assert.equal(lines.length, 3, "the same problem is logged again after it was fixed");
  },
});

Deno.test({
  name: "routes in force: however many routes are invalid, only a few lines are logged",
  permissions: "none",
  fn() {
    const { inForce, lines } = routesInForce();
    inForce.take(Array.from({ length: 20_000 }, (_, index) => route(`c${index}`, 1, "cdn_host: no")));
    assert.equal(lines.length, 11);
    assert.match(lines.at(-1)!, /19990/);
  },
});
