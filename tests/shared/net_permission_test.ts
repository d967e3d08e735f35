import assert from "node:assert/strict";
import { localAddressFor, requireNet } from "../../src/shared/net_permission.ts";

const A = { hostname: "127.0.0.1", port: 8080 };
const B = { hostname: "::1", port: 8081 };

Deno.test({
  name: "net permission: an address that is granted passes",
  permissions: { net: ["127.0.0.1:8080"] },
  fn: () => requireNet("listen on 127.0.0.1:8080", [A]),
});

Deno.test({
  name: "net permission: the error names the flag that grants all addresses",
  permissions: { net: ["127.0.0.1:8080"] },
  fn() {
    assert.throws(() => requireNet("send to [::1]:8081", [A, B, { ...B, port: 0 }], ", or leave it"), {
      name: "NotCapable",
      message: "Cannot send to [::1]:8081: net permission is missing; " +
        "run with --allow-net=127.0.0.1:8080,[::1]:8081,[::1]:0, or leave it",
    });
  },
});

Deno.test({
  name: "net permission: a socket that sends to loopback is bound to loopback, another one to any address",
  permissions: "none",
  fn() {
    const cases = [["127.0.0.1", "127.0.0.1"], ["127.8.9.1", "127.8.9.1"], ["::1", "::1"], [
      "192.0.2.7",
      "0.0.0.0",
    ]];
    for (const [to, hostname] of [...cases, ["2001:db8::1", "::"], ["metrics.example.net", "0.0.0.0"]]) {
      assert.deepEqual(localAddressFor(to!), { hostname, port: 0 });
    }
  },
});
