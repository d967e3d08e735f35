import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHostPort } from "../../src/shared/address.ts";
import { hostPort } from "../../src/shared/flags/flags.ts";

Deno.test({
  name: "address: it is written in the form that the flags read",
  permissions: "none",
  fn() {
    assert.equal(formatHostPort({ hostname: "127.0.0.1", port: 1 }), "127.0.0.1:1");
    assert.equal(formatHostPort({ hostname: "::1", port: 2 }), "[::1]:2");
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6().map((ip) => `[${ip}]`)), port, (host, port) => {
      const address = hostPort()(`${host}:${port}`);
      assert.deepEqual(hostPort()(formatHostPort(address)), address);
    }));
  },
});
