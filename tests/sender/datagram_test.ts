import assert from "node:assert/strict";
import { localHostname, openDatagram } from "../../src/sender/datagram.ts";
import { assertDelivers } from "../support/messages/udp.ts";

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `Deno.listenDatagram sends what it adds up to ${hostname}`,
    permissions: { net: [hostname === "::1" ? "[::1]" : hostname] },
    fn: () => assertDelivers(openDatagram, hostname),
  });
}

Deno.test({
  name: "a loopback address asks for no more than itself",
  permissions: "none",
  fn() {
    const cases = {
      "127.0.0.1": "127.0.0.1",
      "127.1.2.3": "127.1.2.3",
      "::1": "::1",
      "0.0.0.0": "0.0.0.0",
      "10.0.0.127": "0.0.0.0",
      "2001:db8::1": "::",
    };
    for (const [to, local] of Object.entries(cases)) assert.equal(localHostname(to), local, to);
  },
});
