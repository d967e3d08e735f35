import assert from "node:assert/strict";
import { DatagramReceiver } from "../../../src/aggregator/receive/datagram.ts";
import { sendDatagrams } from "../../support/processes/aggregator_process.ts";
import { TestReceiverHost } from "../../support/simulated/test_receiver_host.ts";
import { signalStop, signalTick } from "../../../src/aggregator/worker_protocol.ts";

const receiverOn = (...ports: (number | undefined)[]) =>
  new DatagramReceiver(ports.map((port = 0) => ({ hostname: "127.0.0.1", port })), 128);

Deno.test({
  name: "datagram: one receiver reads several addresses, and a stop drains them all",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const receiver = receiverOn(0, 0, 0);
    const host = new TestReceiverHost(1e9);
    assert.equal(new Set(receiver.ports).size, 3);
    const done = receiver.receive(host);
    for (const port of receiver.ports) await sendDatagrams(port, Array(50).fill('{"A1":1,"A2":1,"A3":1}'));
    signalStop(host.control);
    await done;
    assert.equal(host.totals().sum, 150n);
  },
});

Deno.test({
  name:
    "datagram: a datagram beyond the size limit counts as truncated; a stop drains the socket, then closes it",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const receiver = receiverOn(0);
    const host = new TestReceiverHost(1e9);
    const [port = 0] = receiver.ports;
    const done = receiver.receive(host);
    const messages = Array.from({ length: 200 }, (_, i) => `{"A1":${i}, "A2":${i}, "A3":${i}}`);
    const long = `{"A1":1,"A2":1,"A3":1}\n${" ".repeat(200)}`;
    const exact = '{"A1":1,"A2":1,"A3":1}'.padEnd(128);
    await sendDatagrams(port, [...messages, long, exact, ""]);
    signalStop(host.control);
    await done;
    const { received, accepted, rejected, sum } = host.totals();
    assert.deepEqual({ received, accepted, sum }, {
      received: 203,
      accepted: 202,
      sum: BigInt(199 * 100 + 2),
    });
    assert.deepEqual([rejected.truncated, rejected.empty], [1, 1]);
    const again = receiverOn(port);
    assert.deepEqual(again.ports, [port]);
    const stopped = again.receive(host);
    await stopped;
  },
});

Deno.test({
  name: "datagram: when the newest socket closes, the socket opened before it receives",
  permissions: { net: ["127.0.0.1"] },
  ignore: Deno.build.os !== "linux",
  async fn() {
    const older = receiverOn(0);
    const newer = receiverOn(older.ports[0]);
    const [olderHost, newerHost] = [new TestReceiverHost(1e9), new TestReceiverHost(1e9)];
    const olderDone = older.receive(olderHost);
    const newerDone = newer.receive(newerHost);
    await sendDatagrams(older.ports[0]!, ['{"A1":1,"A2":1,"A3":1}']);
    signalStop(newerHost.control);
    await newerDone;
    await sendDatagrams(older.ports[0]!, ['{"A1":2,"A2":2,"A3":2}']);
    signalStop(olderHost.control);
    await olderDone;
    assert.deepEqual([olderHost.totals().sum, newerHost.totals().sum], [2n, 1n]);
  },
});

Deno.test({
  name: "datagram: a tick that comes between a look and the wait prevents the wait",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const host = new TestReceiverHost(2);
    const look = host.look.bind(host);
    host.look = () => {
      const running = look();
      if (running) signalTick(host.control, 1);
      return running;
    };
    const { waitAsync } = Atomics;
    let slept = false;
    Atomics.waitAsync = ((...args: Parameters<typeof waitAsync>) => {
      const result = waitAsync(...args);
      slept ||= result.async;
      return result;
    }) as typeof waitAsync;
    try {
      await receiverOn(0).receive(host);
    } finally {
      Atomics.waitAsync = waitAsync;
    }
    assert.equal(slept, false);
    assert.equal(host.looks, 2);
  },
});
