import assert from "node:assert/strict";
import { etag, notModified, precondition } from "../../../src/balancer/admin/conditions.ts";
import { Problem } from "../../../src/balancer/admin/problems.ts";
import type { Route } from "../../../src/balancer/choose/routing.ts";

const ROUTE: Route = {
  cluster: "origin-cluster",
  cdnHost: "cdn.example.net",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
  version: 3,
  updatedAt: "2026-01-01T00:00:00.000Z",
  updatedBy: "alice",
};

/** Returns `passes`, or the name of the problem that `run` throws. */
function outcome(run: () => unknown): string {
  try {
    run();
    return "passes";
  } catch (error) {
    if (error instanceof Problem) return error.problem;
    throw error;
  }
}

Deno.test({
  name: "conditions: a list of entity tags is parsed as RFC 9110 defines it",
  permissions: "none",
  fn() {
    const [passes, fails, malformed] = ["passes", "precondition-failed", "invalid-parameter"];
    const ifMatch: [header: string, expected: string][] = [
      ['"3"', passes],
      ['"1","3"', passes],
      ['"1" ,\t"3" , "4"', passes],
      [', "3",,', passes],
      ['"a,b", "3"', passes],
      ["*", passes],
      ['"2"', fails],
      ['W/"3"', fails],
      ['"03"', fails],
      ['"3 "', malformed],
      ['""', fails],
      ['"\u00e93"', fails],
      ['"*"', fails],
      ["", malformed],
      [",", malformed],
      ["3", malformed],
      ["'3'", malformed],
      ['"3', malformed],
      ['3"', malformed],
      ['"3""4"', malformed],
      ['"3" "4"', malformed],
      ['w/"3"', malformed],
      ['W/ "3"', malformed],
      ['*, "3"', malformed],
      ['"3", *', malformed],
      ['"\\"3"', malformed],
    ];
    for (const [header, expected] of ifMatch) {
      assert.equal(
        outcome(() => precondition({ "If-Match": header })(ROUTE)),
        expected,
        `If-Match: ${header}`,
      );
    }
    for (const header of ["*", '"3"', 'W/"3"', '"1", W/"3"']) {
      assert.equal(outcome(() => precondition({ "If-None-Match": header })(ROUTE)), fails, header);
      assert.equal(outcome(() => precondition({ "If-None-Match": header })(undefined)), passes, header);
      assert.equal(notModified({ "If-None-Match": header }, etag(ROUTE)), true, header);
    }
    for (const header of ['"2"', 'W/"33"', '"3x"']) {
      assert.equal(outcome(() => precondition({ "If-None-Match": header })(ROUTE)), passes, header);
      assert.equal(notModified({ "If-None-Match": header }, etag(ROUTE)), false, header);
    }
    assert.equal(notModified({}, etag(ROUTE)), false);
  },
});

Deno.test({
  name: "conditions: a malformed header is refused at once, and a wrong version when the change is made",
  permissions: "none",
  fn() {
    assert.throws(() => precondition({ "If-None-Match": "3" }), { problem: "invalid-parameter" });
    const check = precondition({ "If-Match": '"2"' });
    assert.throws(() => check(ROUTE), { options: { headers: { ETag: etag(ROUTE) } } });
    assert.throws(() => check(undefined), { problem: "precondition-failed" });
    assert.throws(() => precondition({ "If-Match": "*" })(undefined), { problem: "precondition-failed" });
    assert.doesNotThrow(() => precondition({})(undefined));
  },
});
