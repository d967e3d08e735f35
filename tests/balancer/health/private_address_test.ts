import assert from "node:assert/strict";
import { privateRange } from "../../../src/balancer/health/private_address.ts";

const RANGES: readonly [range: string | undefined, addresses: readonly string[]][] = [
  ["loopback", [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "::1",
    "[::1]",
    "::",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
  ]],
  ["link-local", [
    "169.254.0.1",
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
  ]],
  [undefined, [
    "192.0.2.1",
    "10.0.0.1",
    "192.168.1.1",
    "128.0.0.1",
    "126.255.255.255",
    "169.253.255.255",
    "1.0.0.0",
    "2001:db8::1",
    "::2",
    "fec0::1",
    "fd00::1",
    "::ffff:192.0.2.1",
    "64:ff9b::c000:201",
    "a name",
    "",
  ]],
];

Deno.test({
  name: "private address: loopback and link-local addresses are recognized in every notation",
  permissions: "none",
  fn() {
    for (const [range, addresses] of RANGES) {
      for (const address of addresses) assert.equal(privateRange(address), range, address);
    }
  },
});
