import assert from "node:assert/strict";
import { type RouteRow, toJson, toRoute, toSettings } from "../../../src/balancer/store/rows.ts";

const ROW: RouteRow = {
  cluster: "origin-cluster",
  cdn_host: "cdn.example.net",
  cdn_weight: 9,
  origin_weight: 1,
  origin_port: null,
  version: 3,
  updated_at: new Date(0),
  updated_by: "alice",
};

Deno.test({
  name: "rows: a row becomes a route, and its settings go into a version and back",
  permissions: "none",
  fn() {
    const route = toRoute(ROW);
    assert.deepEqual(route, {
      cluster: "origin-cluster",
      cdnHost: "cdn.example.net",
      cdnWeight: 9,
      originWeight: 1,
      originPort: null,
      version: 3,
      updatedAt: "1970-01-01T00:00:00.000Z",
      updatedBy: "alice",
    });
    const { cdnHost, cdnWeight, originWeight, originPort } = route;
    assert.deepEqual(toSettings(JSON.parse(toJson(route)!)), {
      cdnHost,
      cdnWeight,
      originWeight,
      originPort,
    });
  },
});

Deno.test({
  name: "rows: whatever a row holds, it becomes a route, with the rule that it breaks",
  permissions: "none",
  fn() {
    const broken: readonly (readonly [object, RegExp])[] = [
      [{ cluster: "Upper" }, /^cluster: /],
      [{ cluster: null }, /^cluster: give a string/],
      [{ cdn_host: null }, /^cdn_host: give a string/],
      [{ cdn_host: "a b" }, /^cdn_host: give a host/],
      [{ cdn_weight: "many" }, /^cdn_weight: /],
      [{ origin_weight: -1 }, /^origin_weight: /],
      [{ cdn_weight: 0, origin_weight: 0 }, /^origin_weight: /],
      [{ origin_port: 0 }, /^origin_port: /],
      [{ updated_at: Infinity }, /^updated_at: /],
      [{ updated_at: new Date(NaN) }, /^updated_at: /],
    ];
    for (const [part, problem] of broken) {
      assert.match(toRoute({ ...ROW, ...part } as RouteRow).problem ?? "", problem, JSON.stringify(part));
    }
  },
});
