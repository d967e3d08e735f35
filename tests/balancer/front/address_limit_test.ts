import assert from "node:assert/strict";
import { AddressAdmission, networkOf } from "../../../src/balancer/front/address_limit.ts";
import { limitsOf, ofOneWorker } from "../../../src/balancer/front/limits.ts";
import { LIMITS } from "../../support/simulated/balancer_in_process.ts";

const address = (hostname: string): Deno.NetAddr => ({ transport: "tcp", hostname, port: 40_000 });

Deno.test({
  name: "address limit: connections count over all workers, and the end of a connection makes room",
  permissions: "none",
  fn() {
    const limits = limitsOf({ ...LIMITS, connectionsPerAddress: 3 }, 100, 2, 42);
    const [one, other] = [limits, limits].map((each) => new AddressAdmission(ofOneWorker(each).perAddress!));
    const client = address("192.0.2.1");
    assert.deepEqual([one, other, one, other, one].map((worker) => worker!.enter(client)), [
      true,
      true,
      true,
      false,
      false,
    ]);
    assert.ok(other!.enter(address("192.0.2.2")));
    one!.leave(client);
    assert.deepEqual([other!.enter(client), one!.enter(client)], [true, false]);
  },
});

Deno.test({
  name: "address limit: an IPv6 client counts by its /64, an IPv4 client by its address on any socket",
  permissions: "none",
  fn() {
    for (
      const [hostname, network] of [
        ["192.0.2.1", "192.0.2.1"],
        ["::ffff:192.0.2.1", "192.0.2.1"],
        ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
        ["2001:db8:1:2::", "2001:db8:1:2"],
        ["2001:db8::5:6", "2001:db8:0:0"],
        ["2001:db8:1::2:3:4:5", "2001:db8:1:0"],
        ["::1", "0:0:0:0"],
        ["::", "0:0:0:0"],
        ["fe80::1%eth0", "fe80:0:0:0"],
      ] as const
    ) assert.equal(networkOf(hostname), network, hostname);
  },
});

Deno.test({
  name: "address limit: few of 1,000 addresses share a counter, and with another seed others do",
  permissions: "none",
  fn() {
    const sharing = [1, 2].map((seed) => {
      const limits = limitsOf({ ...LIMITS, connectionsPerAddress: 1 }, 1e6, 1, seed);
      const admission = new AddressAdmission(ofOneWorker(limits).perAddress!);
      const addresses = Array.from({ length: 1000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
      return addresses.filter((hostname) => !admission.enter(address(hostname)));
    });
    for (const refused of sharing) assert.ok(refused.length < 20, String(refused.length));
    assert.ok(sharing[0]!.length === 0 || sharing[0]!.join() !== sharing[1]!.join());
  },
});
