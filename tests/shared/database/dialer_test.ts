import assert from "node:assert/strict";
import { once } from "node:events";
import { Dialer } from "../../../src/shared/database/dialer.ts";

const permissions = { net: ["127.0.0.1"] };

Deno.test({
  name: "dialer: sockets connect to the server, and are closed together with the dialer",
  permissions,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const dialer = new Dialer(listener.addr);
    const socket = await dialer.dial();
    using connection = await listener.accept();
    if (socket.connecting) await once(socket, "connect");
    socket.write("the last word");
    await dialer.close();
    assert.ok(socket.destroyed);
    assert.equal(await new Response(connection.readable).text(), "the last word");
  },
});

Deno.test({
  name:
    "dialer: the sockets of a pool are opened at once; after a socket has ended, there is a pause before the next",
  permissions,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const dialer = new Dialer(listener.addr);
    const began = performance.now();
    const [socket] = await Promise.all([dialer.dial(), dialer.dial(), dialer.dial()]);
    assert.ok(performance.now() - began < 200);
    const connections = [await listener.accept(), await listener.accept(), await listener.accept()];
    socket!.destroy();
    await dialer.dial();
    const pauseMs = performance.now() - began;
    assert.ok(pauseMs > 245, `${pauseMs} ms`);
    connections.push(await listener.accept());
    await dialer.close();
    for (const connection of connections) connection.close();
  },
});

Deno.test({
  name: "dialer: close also closes sockets whose event listeners were removed",
  permissions,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const dialer = new Dialer(listener.addr);
    const sockets = [await dialer.dial(), await dialer.dial()];
    for (const socket of sockets) {
      using _connection = await listener.accept();
      if (socket.connecting) await once(socket, "connect");
      socket.removeAllListeners();
    }
    sockets[0]!.destroy();
    await dialer.close();
    assert.ok(sockets.every((socket) => socket.destroyed));
  },
});

Deno.test({
  name: "dialer: if the server can't be reached, the socket emits an error and closes",
  permissions,
  async fn() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { addr } = listener;
    listener.close();
    const dialer = new Dialer(addr);
    const socket = await dialer.dial();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const [error] = await once(socket, "error");
    assert.equal(error.code, "ECONNREFUSED");
    await closed;
    await dialer.close();
  },
});

Deno.test({
  name: "dialer: after close, sockets are destroyed without an attempt or a pause",
  permissions: "none",
  async fn() {
    const dialer = new Dialer({ hostname: "127.0.0.1", port: 1 });
    await dialer.close();
    for (let attempt = 0; attempt < 2; attempt++) {
      const socket = await dialer.dial();
      await new Promise((resolve) => socket.once("close", resolve));
      assert.ok(socket.destroyed);
    }
  },
});
