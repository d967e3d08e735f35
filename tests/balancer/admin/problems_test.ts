import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonPointer, Problem, PROBLEMS, PROBLEMS_URI } from "../../../src/balancer/admin/problems.ts";

/** Resolves a JSON pointer in the slow and plain way of RFC 6901. */
const follow = (document: unknown, pointer: string): unknown =>
  pointer.split("/").slice(1).reduce(
    (value, name) => (value as Record<string, unknown>)[name.replaceAll("~1", "/").replaceAll("~0", "~")],
    document,
  );

Deno.test({
  name: "problems: a pointer resolves to its field, whatever the field's name",
  permissions: "none",
  fn() {
    assert.equal(jsonPointer([]), "");
    assert.equal(jsonPointer(["a/b", 0, "~1", ""]), "/a~1b/0/~01/");
    const name = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("~", "/", "0", "1") }));
    fc.assert(fc.property(fc.array(name), (path) => {
      const document = path.reduceRight<unknown>(
        (value, name) => Object.fromEntries([[name, value]]),
        "found",
      );
      assert.equal(follow(document, jsonPointer(path)), "found");
    }));
  },
});

Deno.test({
  name: "problems: a problem becomes a response as RFC 9457 defines it",
  permissions: "none",
  async fn() {
    const errors = [{ pointer: "/cdn_host", detail: "give a host" }];
    const problem = new Problem("invalid-body", "cdn_host: give a host", { errors, headers: { "X-A": "b" } });
    const response = problem.toResponse();
    assert.deepEqual([response.status, response.headers.get("Content-Type"), response.headers.get("X-A")], [
      422,
      "application/problem+json",
      "b",
    ]);
    const { title, status } = PROBLEMS["invalid-body"];
    const type = `${PROBLEMS_URI}invalid-body`;
    assert.deepEqual(await response.json(), { type, title, status, detail: "cdn_host: give a host", errors });
    assert.match(problem.message, /^A field of the body .*: cdn_host/);
  },
});
