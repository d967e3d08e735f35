import assert from "node:assert/strict";
import { claimAddress, formatAddress } from "../../src/balancer/spawn.ts";

Deno.test({
  name: "spawn: an address is written as in URLs",
  permissions: "none",
  fn() {
    assert.equal(formatAddress({ hostname: "127.0.0.1", port: 80 }), "127.0.0.1:80");
    assert.equal(formatAddress({ hostname: "::1", port: 80 }), "[::1]:80");
  },
});

Deno.test({
  name: "spawn: port 0 becomes one that is free, and one in use is refused, unless it is to be shared",
  permissions: { net: ["127.0.0.1", "[::1]"] },
  fn() {
    for (const hostname of ["127.0.0.1", "::1"]) {
      const free = claimAddress({ hostname, port: 0 });
      assert.ok(free.port > 0);
      assert.deepEqual(claimAddress(free), free);
      using _holder = Deno.listen({ ...free, reusePort: true } as Deno.TcpListenOptions);
      assert.throws(() => claimAddress(free), (error: Error) => {
        assert.match(error.message, /^Cannot listen on .*:\d+: .*in use/);
        return true;
      });
      assert.deepEqual(claimAddress(free, true), free);
    }
  },
});

Deno.test({
  name: "spawn: a missing permission is named",
  permissions: { net: ["127.0.0.1:80"] },
  fn() {
    assert.throws(
      () => claimAddress({ hostname: "127.0.0.1", port: 81 }),
      /^NotCapable: Cannot listen on 127\.0\.0\.1:81: .*--allow-net=127\.0\.0\.1:81$/,
    );
  },
});
