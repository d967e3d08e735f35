import assert from "node:assert/strict";
import { claimAddress } from "../../../src/balancer/front/claim_address.ts";

Deno.test({
  name: "claim address: port 0 becomes a free port, and a port in use is refused unless it is to be shared",
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
  name: "claim address: the error names the missing permission",
  permissions: { net: ["127.0.0.1:80"] },
  fn() {
    assert.throws(
      () => claimAddress({ hostname: "127.0.0.1", port: 81 }),
      /^NotCapable: Cannot listen on 127\.0\.0\.1:81: .*--allow-net=127\.0\.0\.1:81$/,
    );
  },
});
