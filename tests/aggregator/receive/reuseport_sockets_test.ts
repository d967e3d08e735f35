import assert from "node:assert/strict";
import { ReuseportSockets, SOCKET_SYMBOLS } from "../../../src/aggregator/receive/reuseport_sockets.ts";
import { ReuseportReceiver } from "../../../src/aggregator/receive/reuseport.ts";
import { LIBC_PATHS } from "../../../src/shared/libc.ts";
import { sendDatagrams } from "../../support/processes/aggregator_process.ts";
import { TestReceiverHost } from "../../support/simulated/test_receiver_host.ts";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({
    name: `reuseport sockets: ${name}`,
    permissions: { ffi: [...LIBC_PATHS], net: ["127.0.0.1"] },
    fn,
  });
}

const MESSAGE = '{"A1":1,"A2":2,"A3":3}';

test("use only those functions of the C library that sockets need", () => {
  const names = Object.entries(SOCKET_SYMBOLS).map(([key, symbol]) => "name" in symbol ? symbol.name : key);
  assert.deepEqual(names, [
    "socket",
    "setsockopt",
    "getsockopt",
    "bind",
    "getsockname",
    "connect",
    "close",
    "eventfd",
    "eventfd_write",
    "__errno_location",
    "memmove",
    "memmove",
  ]);
});

test("share one port, which the kernel chooses when port 0 is given", () => {
  const sockets = new ReuseportSockets("127.0.0.1", 0, 3, 100_000);
  assert.ok(sockets.port > 0);
  assert.equal(new Set(sockets.fds).size, 3);
  sockets.close();
  assert.throws(() => new ReuseportSockets("192.0.2.77", 9, 1, 100_000), /no such address/);
});

test("get the buffer they ask for, up to the kernel's limit, and sleep no longer than it can hold traffic", () => {
  const small = new ReuseportSockets("127.0.0.1", 0, 1, 20_000);
  assert.equal(small.bufferBytes, 20_000);
  assert.equal(
    small.sleepMsMax,
    0,
    "the kernel doubles the buffer; 40,000 bytes hold 52 datagrams, too few for a sleep",
  );
  small.close();
  const big = new ReuseportSockets("127.0.0.1", 0, 1, 26_214_400);
  assert.ok(big.bufferBytes > 20_000);
  assert.ok(big.sleepMsMax <= 20);
  big.close();
});

test("count exactly the datagrams that the kernel drops", async () => {
  const sockets = new ReuseportSockets("127.0.0.1", 0, 2, 20_000);
  assert.equal(sockets.dropped(), 0);
  await sendDatagrams(sockets.port, Array.from({ length: 500 }, () => MESSAGE));
  const host = new TestReceiverHost(1);
  const receiver = new ReuseportReceiver(8192);
  sockets.fds.forEach((fd, i) =>
    receiver.receive(host, { fds: [fd], wakeup: sockets.wakeups[i]!, sleepMsMax: 0 })
  );
  receiver.close();
  const { received } = host.totals();
  assert.ok(received > 0 && received < 500, `the buffers are too small for all: ${received}`);
  assert.equal(received + sockets.dropped(), 500);
  sockets.close();
});

test("receive nothing after stopAccepting; datagrams that came before can still be read", async () => {
  for (const hostname of ["127.0.0.1", "0.0.0.0"]) {
    const sockets = new ReuseportSockets(hostname, 0, 2, 1_000_000);
    await sendDatagrams(sockets.port, Array.from({ length: 40 }, () => MESSAGE));
    sockets.stopAccepting();
    await sendDatagrams(sockets.port, Array.from({ length: 40 }, () => MESSAGE));
    const host = new TestReceiverHost(1);
    const receiver = new ReuseportReceiver(8192);
    sockets.fds.forEach((fd, i) =>
      receiver.receive(host, { fds: [fd], wakeup: sockets.wakeups[i]!, sleepMsMax: 0 })
    );
    receiver.close();
    assert.equal(host.totals().received, 40);
    assert.equal(sockets.dropped(), 0);
    sockets.close();
  }
});
