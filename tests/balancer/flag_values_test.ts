import assert from "node:assert/strict";
import { aggregatorAddress, optional } from "../../src/balancer/flag_values.ts";

Deno.test({
  name: "flag values: the aggregator's address is an IP address or a name, with a port",
  permissions: "none",
  fn() {
    assert.equal(aggregatorAddress(""), undefined);
    const right: Record<string, [hostname: string, port: number]> = {
      "127.0.0.1:9999": ["127.0.0.1", 9999],
      "localhost:9999": ["127.0.0.1", 9999],
      "[::1]:9999": ["::1", 9999],
      "aggregator.video-net:1": ["aggregator.video-net", 1],
    };
    for (const [text, [hostname, port]] of Object.entries(right)) {
      assert.deepEqual(aggregatorAddress(text), { hostname, port });
    }
    for (
      const text of ["aggregator", "aggregator:0", "aggregator:65536", ":9999", "a b:1", "a/b:1", "1.2.3:1"]
    ) {
      assert.throws(() => aggregatorAddress(text), { name: /^(Syntax|Range)Error$/ }, text);
    }
  },
});

Deno.test({
  name: "flag values: an optional number may be off",
  permissions: "none",
  fn() {
    assert.deepEqual(["off", "7"].map(optional(Number, "off")), [undefined, 7]);
    assert.equal(optional(Number)(""), undefined);
  },
});
