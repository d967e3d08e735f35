import assert from "node:assert/strict";
import fc from "fast-check";
import { shortForm } from "../../../src/balancer/routes/route_settings.ts";
import { type RouteRow, settingsJson, toRoute, toSettings } from "../../../src/balancer/store/rows.ts";
import { anySettings, FULL, FULL_OPTIONS_JSON } from "../../support/http/route_options.ts";

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
  name: "rows: a row becomes a route, and its settings can be stored in a version and read back",
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
    assert.deepEqual(toSettings(JSON.parse(settingsJson(route)!)), {
      cdnHost,
      cdnWeight,
      originWeight,
      originPort,
    });
  },
});

Deno.test({
  name: "rows: an invalid row becomes a route with its problem",
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

Deno.test({
  name: "rows: settings with any options can be stored in a version and read back",
  permissions: "none",
  fn() {
    fc.assert(fc.property(anySettings, (settings) => {
      assert.deepEqual(toSettings(JSON.parse(settingsJson(settings)!)), settings);
    }));
    const stored = JSON.parse(settingsJson(FULL)!);
    assert.deepEqual([stored.cdn_host, stored.cdn_weight], [FULL.cdnHost, 9]);
    assert.deepEqual(stored.options, FULL_OPTIONS_JSON);
  },
});

Deno.test({
  name:
    "rows: settings of an older version are read unchanged, and settings without options are stored as there",
  permissions: "none",
  fn() {
    const old = { cdn_host: "cdn.example.net", cdn_weight: 9, origin_weight: 1, origin_port: 8080 };
    const settings = { cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: 8080 };
    assert.deepEqual(toSettings(old), settings);
    assert.deepEqual(toSettings({ ...old, options: null }), settings);
    assert.equal(settingsJson(settings), JSON.stringify(old));
  },
});

Deno.test({
  name: "rows: a host or weight that an older version has changed replaces the list of CDNs",
  permissions: "none",
  fn() {
    const { cdns, ...others } = FULL;
    const stored = JSON.parse(settingsJson(FULL)!);
    const changes = [{ cdn_weight: 0 }, { cdn_host: "other.example.net" }];
    for (const change of changes) {
      const { cdn_host, cdn_weight } = { ...stored, ...change };
      assert.deepEqual(toSettings({ ...stored, ...change }), {
        ...others,
        cdnHost: cdn_host,
        cdnWeight: cdn_weight,
      });
    }
    assert.deepEqual(toSettings({ ...stored, origin_weight: 3 }), { ...FULL, originWeight: 3 });
    assert.deepEqual(shortForm(cdns!), { cdnHost: FULL.cdnHost, cdnWeight: FULL.cdnWeight });
    const only = { ...stored, cdn_host: "a.example", cdn_weight: 2, options: { cdns: [] as unknown[] } };
    only.options.cdns = [{ name: "cdn", host: "a.example", weight: 2, enabled: true }];
    assert.equal(toSettings(only).cdns, undefined);
  },
});

Deno.test({
  name: "rows: invalid options are named as in the API",
  permissions: "none",
  fn() {
    const cdn = { name: "a", host: "cdn.example.net", weight: 9 };
    const broken: [options: object, problem: RegExp][] = [
      [{ cdns: "a" }, /^cdns: give 1 to 16/],
      [{ cdns: Array(17).fill(null) }, /^cdns: /],
      [{ cdns: [cdn, null] }, /^cdns\/1: give an object/],
      [{ cdns: [{ ...cdn, weight: "9" }] }, /^cdns\/0\/weight: /],
      [{ cdns: [{ ...cdn, check: { path: "/", every_s: 0 } }] }, /^cdns\/0\/check\/every_s: /],
      [{ origin_check: {} }, /^origin_check\/path: /],
      [{ steering_ttl: 0 }, /^steering_ttl: /],
      [{ spread: "random" }, /^spread: /],
      [{ status: 200 }, /^status: /],
    ];
    for (const [options, problem] of broken) {
      assert.match(toRoute({ ...ROW, options }).problem ?? "", problem, JSON.stringify(options));
    }
    assert.equal(toRoute({ ...ROW, options: { cdns: [cdn], later: 1 } }).problem, undefined);
    // A stored version may be invalid, too.
    const { originWeight } = toSettings({
      ...ROW,
      origin_weight: "1" as unknown as number,
      options: { cdns: [cdn] },
    });
    assert.equal(originWeight, "1");
  },
});
