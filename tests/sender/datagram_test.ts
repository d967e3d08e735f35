import { openDatagram } from "../../src/sender/datagram.ts";
import { assertDelivers } from "../support/messages/udp.ts";

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `sender datagram: what it counts arrives at ${hostname}`,
    permissions: { net: [hostname === "::1" ? "[::1]" : hostname] },
    fn: () => assertDelivers(openDatagram, hostname),
  });
}
