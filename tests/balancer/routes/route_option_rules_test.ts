import assert from "node:assert/strict";
import { CHECK_DEFAULTS, type RouteOptions } from "../../../src/balancer/routes/route_options.ts";
import { optionProblems } from "../../../src/balancer/routes/route_option_rules.ts";
import { routeProblems } from "../../../src/balancer/routes/route_rules.ts";

const CHECK = { path: "/ping", ...CHECK_DEFAULTS };
const CDN = { name: "a", host: "cdn.example.net", weight: 1 };

/** Returns the fields with invalid values. */
const problemsOf = (options: object, originWeight = 1) =>
  optionProblems({ ...options as RouteOptions, originWeight }).map(({ field }) => field);

Deno.test({
  name: "route options: valid options have no problems",
  permissions: "none",
  fn() {
    const right: object[] = [
      {},
      { spread: "path", spreadBy: "path", status: 302, enabled: false, originRateMax: 1, steeringTtlS: 3600 },
      { cdns: [CDN], originCheck: CHECK },
      { cdns: Array.from({ length: 16 }, (_, i) => ({ ...CDN, name: `cdn-${i}` })) },
      { cdns: [{ ...CDN, enabled: false, check: { ...CHECK, host: "https://probe.example.net:8443" } }] },
      { cdns: [{ ...CDN, weight: 1_000_000 }, { ...CDN, name: "b", weight: 0 }] },
      { cdns: [{ ...CDN, weight: 65_534 }, { ...CDN, name: "b", weight: 1 }] },
      { cdns: [{ ...CDN, check: { ...CHECK, everyS: 0.5, timeoutS: 0.25, expect: "204-204" } }] },
    ];
    for (const options of right) assert.deepEqual(problemsOf(options), [], JSON.stringify(options));
  },
});

Deno.test({
  name: "route options: each invalid value is named by its path",
  permissions: "none",
  fn() {
    const wrong: [options: object, fields: string[], originWeight?: number][] = [
      [{ originRateMax: 0 }, ["originRateMax"]],
      [{ originRateMax: 1.5 }, ["originRateMax"]],
      [{ spread: "turn" }, ["spread"]],
      [{ spread: null }, ["spread"]],
      [{ status: 303 }, ["status"]],
      [{ enabled: true }, ["enabled"]],
      [{ steeringTtlS: 0 }, ["steeringTtlS"]],
      [{ cdns: [] }, ["cdns"]],
      [{ cdns: "a" }, ["cdns"]],
      [{ cdns: [null] }, ["cdns/0"]],
      [{ cdns: Array.from({ length: 17 }, (_, i) => ({ ...CDN, name: `c${i}` })) }, ["cdns"]],
      [{ cdns: [CDN, CDN] }, ["cdns/1/name"]],
      [{ cdns: [{ ...CDN, name: "origin" }] }, ["cdns/0/name"]],
      [{ cdns: [{ ...CDN, name: "A" }] }, ["cdns/0/name"]],
      [{ cdns: [{ ...CDN, host: "http://" }, { ...CDN, name: "b", weight: -1 }] }, [
        "cdns/0/host",
        "cdns/1/weight",
      ]],
      [{ cdns: [{ ...CDN, enabled: 0 }] }, ["cdns/0/enabled"]],
      [{ cdns: [{ ...CDN, weight: 0 }] }, ["cdns"], 0],
      [{ cdns: [{ ...CDN, enabled: false }] }, ["cdns"], 0],
      [{ cdns: [{ ...CDN, weight: 333_333 }, { ...CDN, name: "b", weight: 333_334 }] }, ["cdns"]],
      [{ originCheck: null }, ["originCheck"]],
      [{ originCheck: { ...CHECK, path: "ping" } }, ["originCheck/path"]],
      [{ cdns: [{ ...CDN, check: { ...CHECK, path: "/a b", everyS: 0.4, expect: "399-200" } }] }, [
        "cdns/0/check/path",
        "cdns/0/check/everyS",
        "cdns/0/check/expect",
      ]],
      [{ originCheck: { ...CHECK, host: "ftp://a", timeoutS: 0, downAfter: 0, upAfter: 101 } }, [
        "originCheck/host",
        "originCheck/timeoutS",
        "originCheck/downAfter",
        "originCheck/upAfter",
      ]],
    ];
    for (const [options, fields, originWeight] of wrong) {
      assert.deepEqual(problemsOf(options, originWeight), fields, JSON.stringify(options));
    }
    const route = { cdnHost: "a", cdnWeight: 1, originWeight: 1, originPort: null };
    assert.deepEqual(routeProblems("a.example", { ...route, cdns: [] }).map(({ field }) => field), ["cdns"]);
  },
});
