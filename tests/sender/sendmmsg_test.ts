import assert from "node:assert/strict";
import { openSendmmsg, SENDER_SYMBOLS } from "../../src/sender/sendmmsg.ts";
import { LIBC_PATHS } from "../../src/shared/libc.ts";
import { assertDelivers, listen, send } from "../support/messages/udp.ts";

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `sendmmsg: what it counts arrives at ${hostname}`,
    permissions: { ffi: [...LIBC_PATHS], net: [hostname === "::1" ? "[::1]" : hostname] },
    fn: () => assertDelivers(openSendmmsg, hostname),
  });
}

Deno.test({
  name: "sendmmsg: refused datagrams are counted when nothing listens",
  permissions: { ffi: [...LIBC_PATHS], net: ["127.0.0.1"] },
  async fn() {
    const receiver = listen("127.0.0.1");
    receiver[Symbol.dispose]();
    const { totals, refused } = await send(openSendmmsg, receiver.to, { count: 100 });
    assert.equal(totals.messages, 100);
    assert.equal(refused, 99); // The kernel reports a refusal with the next send, and none follows the last.
  },
});

Deno.test({
  name: "sendmmsg: an error of the kernel is reported in words",
  permissions: { ffi: [...LIBC_PATHS] },
  async fn() {
    // Broadcast needs SO_BROADCAST.
    const to = { hostname: "255.255.255.255", port: 9 };
    await assert.rejects(send(openSendmmsg, to, {}), /^Error: Cannot connect: permission denied$/);
  },
});

Deno.test({
  name: "sendmmsg: only these functions of the C library are used",
  permissions: "none",
  fn() {
    const symbols = Object.entries(SENDER_SYMBOLS).map(([key, symbol]) =>
      "name" in symbol ? symbol.name : key
    );
    assert.deepEqual([...new Set(symbols)].sort(), [
      "__errno_location",
      "close",
      "connect",
      "memmove",
      "sendmmsg",
      "socket",
    ]);
  },
});
