import assert from "node:assert/strict";
import { keyOf, placesOf } from "../../../src/balancer/health/checks.ts";
import { type Check, CHECK_DEFAULTS } from "../../../src/balancer/routes/route_options.ts";
import { SETTINGS } from "../../support/simulated/balancer_in_process.ts";

const CHECK: Check = { ...CHECK_DEFAULTS, path: "/ping?a=1" };
const ROUTE = { cluster: "films.example", ...SETTINGS };

const urls = (route: Parameters<typeof placesOf>[0]) =>
  placesOf(route).map(({ name, target }) => `${name} ${target?.url}`);

Deno.test({
  name: "checks: each enabled destination is probed at its own host, or at the host of its check",
  permissions: "none",
  fn() {
    assert.deepEqual(urls(ROUTE), ["origin undefined", "cdn undefined"]);
    const cdns = [
      { name: "a", host: "a.example.net/base", weight: 1, check: CHECK },
      { name: "b", host: "https://b.example.net:8443", weight: 0, check: CHECK },
      { name: "c", host: "c", weight: 1, check: { ...CHECK, host: "https://status.example.net" } },
      { name: "d", host: "d", weight: 1, check: CHECK, enabled: false as const },
      { name: "e", host: "[2001:db8::1]:81", weight: 1, check: CHECK },
    ];
    assert.deepEqual(urls({ ...ROUTE, cdns, originCheck: CHECK, originPort: 8080 }), [
      "origin http://films.example:8080/ping?a=1",
      "a http://a.example.net/ping?a=1",
      "b https://b.example.net:8443/ping?a=1",
      "c https://status.example.net/ping?a=1",
      "e http://[2001:db8::1]:81/ping?a=1",
    ]);
    assert.deepEqual(urls({ ...ROUTE, enabled: false }), []);
  },
});

Deno.test({
  name: "checks: equal checks of the same URL have the same key",
  permissions: "none",
  fn() {
    const keys = (checks: readonly Check[]) =>
      new Set(checks.map((originCheck) => keyOf(placesOf({ ...ROUTE, originCheck })[0]!.target!))).size;
    assert.equal(keys([CHECK, { ...CHECK }, { ...CHECK, host: "films.example:80" }]), 1);
    const others = {
      host: "x",
      path: "/",
      everyS: 3,
      timeoutS: 2,
      downAfter: 3,
      upAfter: 4,
      expect: "200-299",
    };
    assert.equal(
      keys([CHECK, ...Object.entries(others).map(([name, value]) => ({ ...CHECK, [name]: value }))]),
      8,
    );
  },
});
