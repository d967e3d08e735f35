import assert from "node:assert/strict";
import { isServerName, serverOf } from "../../../src/balancer/routes/override.ts";

Deno.test({
  name: "override: the prefix server: distinguishes a server of the origin from a destination",
  permissions: "none",
  fn() {
    assert.deepEqual(["cdn-a", "origin", "server", "server:s3", "server:"].map(serverOf), [
      undefined,
      undefined,
      undefined,
      "s3",
      "",
    ]);
    for (const server of ["s3", "edge-7", "a".repeat(63)]) assert.ok(isServerName(server), server);
    for (const server of ["", "S3", "a.b", "a_b", "a".repeat(64), "s3\n"]) {
      assert.ok(!isServerName(server), server);
    }
  },
});
