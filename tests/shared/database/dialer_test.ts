import assert from "node:assert/strict";
import { once } from "node:events";
import { Dialer } from "../../../src/shared/database/dialer.ts";

const permissions = { net: ["127.0.0.1"] };

Deno.test({
  name: "dialer: sockets lead to the server, and are closed with it",
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
    "dialer: sockets of a pool are opened without a pause; once one has ended, there is one between attempts",
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
  name: "dialer: it closes sockets whose listeners were taken away, too",
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
  name: "dialer: a server that can't be reached is told by the socket's events",
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
  name: "dialer: once closed it dials no more, and makes no pause",
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
