import assert from "node:assert/strict";
import { parseFirstRoute, tellDifference } from "../../../src/balancer/routes/first_route.ts";
import { UsageError } from "../../../src/shared/flags/flags.ts";
import { type LogEntry, logInto } from "../../support/recorded_log.ts";

const parse = (variables: Record<string, string>) => parseFirstRoute((name) => variables[name] ?? "");

Deno.test({
  name: "first route: a cluster and a CDN make a route, and the ratio is optional",
  permissions: "none",
  fn() {
    const both = { CDN_HOST: "cdn.example.net", ORIGIN_CLUSTER: "origin-cluster" };
    const route = {
      cluster: "origin-cluster",
      cdnHost: "cdn.example.net",
      cdnWeight: 9,
      originWeight: 1,
      originPort: null,
    };
    assert.deepEqual(parse(both), route);
    assert.deepEqual(parse({ ...both, CDN_TO_ORIGIN: "7:3" }), { ...route, cdnWeight: 7, originWeight: 3 });
    assert.equal(parse({ CDN_TO_ORIGIN: "7:3" }), undefined);
  },
});

const REFUSED: readonly [variables: Record<string, string>, message: RegExp][] = [
  [{ CDN_HOST: "a" }, /^CDN_HOST is set without ORIGIN_CLUSTER: set both/],
  [{ ORIGIN_CLUSTER: "a" }, /^ORIGIN_CLUSTER is set without CDN_HOST: set both/],
  [{ CDN_HOST: "a?", ORIGIN_CLUSTER: "a" }, /^Cannot use "a\?" for CDN_HOST: give a host/],
  [{ CDN_HOST: "a", ORIGIN_CLUSTER: "A" }, /^Cannot use "A" for ORIGIN_CLUSTER: give the domain/],
  [
    { CDN_HOST: "a", ORIGIN_CLUSTER: "a", CDN_TO_ORIGIN: "9" },
    /^Cannot use "9" for CDN_TO_ORIGIN: give CDN:ORIGIN/,
  ],
];

Deno.test({
  name: "first route: an invalid variable is named in an error of one line",
  permissions: "none",
  fn() {
    for (const [variables, message] of REFUSED) {
      assert.throws(
        () => parse(variables),
        (error: Error) =>
          error instanceof UsageError && message.test(error.message) && !/\n/.test(error.message),
      );
    }
  },
});

Deno.test({
  name: "first route: a difference to the stored route is logged",
  permissions: "none",
  fn() {
    const route = parse({ CDN_HOST: "cdn.example.net", ORIGIN_CLUSTER: "a" })!;
    const told = (stored: Parameters<typeof tellDifference>[1]) => {
      const lines: LogEntry[] = [];
      tellDifference(route, stored, logInto(lines));
      return lines.map(({ event, cluster, database }) => [event, cluster, database]);
    };
    const { cluster: _, ...settings } = route;
    assert.deepEqual(told(route), []);
    assert.deepEqual(told(undefined), [["environment_ignored", "a", undefined]]);
    const other = { ...settings, cdnWeight: 1 };
    assert.deepEqual(told({ ...other, status: 302 }), [["environment_ignored", "a", other]]);
  },
});
