import assert from "node:assert/strict";
import { SenderNames } from "../../../src/aggregator/receive/sender_names.ts";
import { ReuseportReceiver } from "../../../src/aggregator/receive/reuseport.ts";
import { ReuseportSockets } from "../../../src/aggregator/receive/reuseport_sockets.ts";
import { Sampler } from "../../../src/aggregator/receive/sampler.ts";
import { LIBC_PATHS } from "../../../src/shared/libc.ts";
import { TestReceiverHost } from "../../support/simulated/test_receiver_host.ts";

Deno.test({
  name: "sender names: before the first read no sender is known",
  permissions: "none",
  fn: () => assert.equal(new SenderNames(2).of(1), undefined),
});

Deno.test({
  name: "sender names: each datagram's sender is known, when IPv4 and IPv6 alternate",
  permissions: { ffi: [...LIBC_PATHS], net: ["127.0.0.1", "[::1]"] },
  async fn() {
    const all = ["127.0.0.1", "::1"].map((hostname) => new ReuseportSockets(hostname, 0, 1, 1_000_000));
    const host = new TestReceiverHost(2);
    const sampled: string[] = [];
    const sampler = new Sampler(host.control, (message) => {
      if (message.kind === "refused") sampled.push(`${message.refused.from} ${message.refused.bytes}`);
    });
    const receiver = new ReuseportReceiver(128, true);
    const sent: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (const { hostname, port } of all) {
        using socket = open(hostname);
        await socket.send(Uint8Array.of(round), { transport: "udp", hostname, port });
        const host = hostname === "::1" ? "[::1]" : hostname;
        sent.push(`${host}:${(socket.addr as Deno.NetAddr).port} ${round}`);
      }
    }
    const order = { fds: all.flatMap(({ fds }) => fds), wakeup: all[0]!.wakeups[0]!, sleepMsMax: 0 };
    receiver.receive(Object.assign(host, { sampler }), order);
    receiver.close();
    for (const sockets of all) sockets.close();
    assert.deepEqual(sampled.sort(), sent.sort());
  },
});

function open(hostname: string): Deno.DatagramConn & Disposable {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  return Object.assign(socket, { [Symbol.dispose]: () => socket.close() });
}
