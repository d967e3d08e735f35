import assert from "node:assert/strict";
import { acceptsGzip, qualities } from "../../../src/shared/http/accept.ts";

Deno.test({
  name: "accept: each name is lowercased and has its quality",
  permissions: "none",
  fn() {
    const header = "Text/HTML;level=1 ; Q=0.5, */*;q=0, a/b;q=1.000, c/d;q=x, e/f";
    assert.deepEqual([...qualities(header)], [
      ["text/html", 0.5],
      ["*/*", 0],
      ["a/b", 1],
      ["c/d", 1],
      ["e/f", 1],
    ]);
  },
});

Deno.test({
  name: "accept: gzip is accepted if the client names it, or any coding, with a quality above 0",
  permissions: "none",
  fn() {
    for (
      const value of ["gzip", "GZIP", "br, gzip;q=0.1", "x-gzip", "*", "identity;q=0, *;q=0.5", " gzip ; q=1"]
    ) {
      assert.equal(acceptsGzip(value), true, value);
    }
    for (
      const value of [undefined, "", "identity", "br", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzipped"]
    ) {
      assert.equal(acceptsGzip(value), false, value);
    }
  },
});
