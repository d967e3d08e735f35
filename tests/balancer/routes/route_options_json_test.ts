import assert from "node:assert/strict";
import fc from "fast-check";
import { fromOptionsJson, jsonPath, toOptionsJson } from "../../../src/balancer/routes/route_options_json.ts";
import { optionProblems } from "../../../src/balancer/routes/route_option_rules.ts";
import { anyOptions, FULL, FULL_OPTIONS_JSON } from "../../support/http/route_options.ts";

Deno.test({
  name: "route options as JSON: they are the same after a round trip, and defaults are left out",
  permissions: "none",
  fn() {
    fc.assert(fc.property(anyOptions, (options) => {
      const json = JSON.stringify(toOptionsJson(options));
      assert.deepEqual(fromOptionsJson(JSON.parse(json)), options);
    }));
    assert.deepEqual(toOptionsJson(FULL), FULL_OPTIONS_JSON);
    const { cdnHost: _, cdnWeight: __, originWeight: ___, originPort: ____, ...options } = FULL;
    assert.deepEqual(fromOptionsJson(FULL_OPTIONS_JSON), options);
    assert.deepEqual(toOptionsJson({}), {});
  },
});

Deno.test({
  name: "route options as JSON: defaults and null count as absent, and a check is completed with defaults",
  permissions: "none",
  fn() {
    const defaults = {
      cdns: null,
      origin_check: null,
      origin_rate_max: null,
      spread: "turn",
      spread_by: "directory",
      status: 301,
      enabled: true,
      steering_ttl: 10,
    };
    const nulls = Object.fromEntries(Object.keys(defaults).map((name) => [name, null]));
    for (const json of [defaults, nulls, {}, null, undefined, [], "path", 3, { later: 1 }]) {
      assert.deepEqual(fromOptionsJson(json), {}, JSON.stringify(json));
    }
    const cdn = { name: "a", host: "a.example", weight: 1 };
    assert.deepEqual(fromOptionsJson({ cdns: [{ ...cdn, enabled: true, check: null }] }), { cdns: [cdn] });
    const check = { path: "/", host: null, every_s: null, up_after: 5 };
    assert.deepEqual(fromOptionsJson({ origin_check: check }), {
      originCheck: { path: "/", everyS: 2, timeoutS: 1, downAfter: 2, upAfter: 5, expect: "200-399" },
    });
  },
});

Deno.test({
  name:
    "route options as JSON: any JSON is read and written without an error, and the rules find its problems",
  permissions: "none",
  fn() {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(null, [], {}, [null], [3], [{ check: 3 }]));
    const names = [...Object.keys(FULL_OPTIONS_JSON), "__proto__", "later"];
    fc.assert(fc.property(fc.dictionary(fc.constantFrom(...names), value), (json) => {
      const options = fromOptionsJson(json);
      const problems = optionProblems({ ...options, originWeight: 1 });
      const shown = fromOptionsJson(toOptionsJson(options));
      assert.deepEqual(optionProblems({ ...shown, originWeight: 1 }), problems);
    }));
    for (const cdns of ["a", 3, {}, [], [null], [[]], [3]]) {
      const options = fromOptionsJson({ cdns });
      assert.deepEqual(toOptionsJson(options), { cdns });
      assert.ok(optionProblems({ ...options, originWeight: 1 }).length > 0, JSON.stringify(cdns));
    }
  },
});

Deno.test({
  name: "route options as JSON: a field's path is converted to its name in JSON",
  permissions: "none",
  fn() {
    const table = {
      "cdnHost": "cdn_host",
      "cdns/12/check/everyS": "cdns/12/check/every_s",
      "originCheck/downAfter": "origin_check/down_after",
      "originRateMax": "origin_rate_max",
      "steeringTtlS": "steering_ttl",
      "spreadBy": "spread_by",
    };
    for (const [field, path] of Object.entries(table)) assert.equal(jsonPath(field), path);
  },
});
