import assert from "node:assert/strict";
import { READER_SYMBOLS, ReuseportReceiver } from "../../../src/aggregator/receive/reuseport.ts";
import { ReuseportSockets } from "../../../src/aggregator/receive/reuseport_sockets.ts";
import { LIBC_PATHS } from "../../../src/shared/libc.ts";
import { QUIET_WAIT_MS } from "../../../src/aggregator/worker_protocol.ts";
import { sendDatagrams } from "../../support/processes/aggregator_process.ts";
import { TestReceiverHost } from "../../support/simulated/test_receiver_host.ts";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: `reuseport: ${name}`, permissions: { ffi: [...LIBC_PATHS], net: ["127.0.0.1"] }, fn });
}

test("a worker uses only those functions of the C library that read, wait, clear a wakeup and copy an address", () => {
  assert.deepEqual(Object.keys(READER_SYMBOLS), ["recvmmsg", "poll", "eventfd_read", "memmove"]);
});

test("reads everything in the socket, counts longer datagrams as truncated, and looks once per batch", async () => {
  const sockets = new ReuseportSockets("127.0.0.1", 0, 1, 10_000_000);
  const short = Array.from({ length: 3000 }, (_, i) => `{"A1":${i}, "A2":${i}, "A3":${i}}`);
  const long = [`${" ".repeat(200)}{"A1":1,"A2":1,"A3":1}`, `{"A1":1,"A2":1,"A3":1}\n${" ".repeat(200)}`];
  await sendDatagrams(sockets.port, [...short, ...long, ""]);
  const host = new TestReceiverHost(3);
  const receiver = new ReuseportReceiver(128);
  receiver.receive(host, { fds: sockets.fds, wakeup: sockets.wakeups[0]!, sleepMsMax: 1 });
  receiver.close();
  sockets.close();
  const { received, accepted, rejected, sum, max } = host.totals();
  assert.deepEqual({ received, accepted, sum, max }, {
    received: 3003,
    accepted: 3001,
    sum: BigInt(2999 * 3000 / 2 + 1),
    max: 2999n,
  });
  assert.deepEqual([rejected.truncated, rejected.empty], [2, 1]);
  assert.ok(host.looks < 10, `${host.looks} looks for ${received} datagrams`);
});

test("reads all of its sockets, and its wakeup ends the wait for them", async () => {
  const all = [1, 2, 3].map(() => new ReuseportSockets("127.0.0.1", 0, 1, 10_000_000));
  for (const { port } of all) await sendDatagrams(port, Array(300).fill('{"A1":1,"A2":1,"A3":1}'));
  const wakeup = all[0]!.wakeups[0]!;
  all[0]!.ring();
  const host = new TestReceiverHost(3);
  const receiver = new ReuseportReceiver(128);
  const begun = performance.now();
  receiver.receive(host, { fds: all.flatMap(({ fds }) => fds), wakeup, sleepMsMax: 0 });
  assert.equal(host.totals().sum, 900n);
  assert.ok(performance.now() - begun < QUIET_WAIT_MS, "the wakeup ended the wait");
  receiver.close();
  for (const sockets of all) sockets.close();
});

test("an order without a socket or a wakeup is an error, and so is a socket that can't be read", () => {
  const sockets = new ReuseportSockets("127.0.0.1", 0, 1, 100_000);
  const receiver = new ReuseportReceiver(128);
  const [fd, wakeup] = [sockets.fds[0]!, sockets.wakeups[0]!];
  assert.throws(() => receiver.receive(new TestReceiverHost(1), {}), TypeError);
  assert.throws(() => receiver.receive(new TestReceiverHost(1), { fds: [fd] }), TypeError);
  const broken = { fds: [1_000_000], wakeup, sleepMsMax: 0 };
  assert.throws(() => receiver.receive(new TestReceiverHost(1e6), broken), /Cannot read socket 1000000/);
  receiver.close();
  sockets.close();
});

test("a wakeup ends one wait only, however often it rang", () => {
  const sockets = new ReuseportSockets("127.0.0.1", 0, 1, 100_000);
  const receiver = new ReuseportReceiver(128);
  const [fd, wakeup] = [sockets.fds[0]!, sockets.wakeups[0]!];
  for (let ring = 0; ring < 3; ring++) sockets.ring();
  const host = new TestReceiverHost(5);
  const begun = performance.now();
  receiver.receive(host, { fds: [fd], wakeup, sleepMsMax: 0 });
  const waits = (performance.now() - begun) / QUIET_WAIT_MS;
  // Five looks have four waits between them. The wakeup ends the first; the others last QUIET_WAIT_MS each.
  assert.ok(waits > 2.9, `the wakeup ended more than one wait: only ${waits} waits`);
  receiver.close();
  sockets.close();
});
