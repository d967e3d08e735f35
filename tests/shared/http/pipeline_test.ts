import assert from "node:assert/strict";
import fc from "fast-check";
import { settle, SimulatedClient } from "../../support/http/simulated_client.ts";
import { GET, simulateListener, statusesOf } from "../../support/http/simulated_listener.ts";
import { ACCEPTED, REFUSALS } from "../../support/http/heads.ts";

Deno.test({
  name: "pipeline: requests that arrive together are answered in order, in one write",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener();
    const requests = Array.from({ length: 9 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const client = await connect(requests.join(""));
    assert.equal(client.writes.length, 1);
    assert.deepEqual(client.received.match(/GET \/\d/g), requests.map((_, i) => `GET /${i}`));
  },
});

Deno.test({
  name: "pipeline: the answers are the same however the bytes are split over reads",
  permissions: "none",
  async fn() {
    const whole = [
      `GET /${"a".repeat(600)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      `GET /b HTTP/1.1\r\nHost: a\r\nCookie: ${"c".repeat(5000)}\r\n\r\n`,
      "\r\nHEAD /d HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /e HTTP/1.0\r\n\r\n",
      GET,
    ].join("");
    const expected = (await simulateListener().connect(whole)).received;
    assert.deepEqual(statusesOf(expected), [200, 200, 200, 200]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 8 }), async (cuts) => {
        const { connect } = simulateListener();
        const client = await connect();
        const ends = [...cuts, whole.length].sort((a, b) => a - b);
        for (const [i, end] of ends.entries()) {
          client.send(whole.slice(ends[i - 1] ?? 0, end));
          await connect();
        }
        assert.equal(client.received, expected);
      }),
      { numRuns: 200 },
    );
  },
});

Deno.test({
  name: "pipeline: an answer arrives whole even if the socket takes a few bytes a write",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener();
    const client = new SimulatedClient();
    client.writeBytesMax = 7;
    await connect(GET.repeat(3), client);
    assert.equal(client.received, (await connect(GET.repeat(3))).received);
  },
});

Deno.test({
  name: "pipeline: an answer longer than the output buffer arrives whole",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener();
    const client = await connect(`GET /${"a".repeat(8000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.match(client.received, /\r\n\r\nGET \/a{8000}\n$/);
  },
});

const LAST: readonly [name: string, request: string, status: number][] = [
  ["Connection: close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 200],
  ["a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n", 200],
  ["a body in chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\n", 200],
  ["a head that can't be read", "GET / HTTP/1.1\r\n\r\n", 400],
];

for (const [name, request, status] of LAST) {
  Deno.test({
    name: `pipeline: after ${name} no other request is answered, and further bytes are discarded`,
    permissions: "none",
    async fn() {
      const { connect } = simulateListener();
      const client = await connect(request + GET);
      client.send(GET);
      await connect();
      assert.deepEqual(statusesOf(client.received), [status]);
      assert.match(client.received, /\r\nconnection: close\r\n/);
      assert.ok(client.isEnded);
      client.end();
      await connect();
      assert.ok(client.isClosed);
    },
  });
}

Deno.test({
  name: "pipeline: valid heads are answered with 200, and invalid heads with the status of their refusal",
  permissions: "none",
  async fn() {
    for (const { text, name } of ACCEPTED) {
      const client = await simulateListener().connect(text);
      assert.deepEqual(statusesOf(client.received).slice(0, 1), [200], name);
    }
    for (const { text, name, status } of REFUSALS) {
      const client = await simulateListener().connect(text + GET);
      assert.deepEqual(statusesOf(client.received), [status], name);
    }
  },
});

Deno.test({
  name: "pipeline: an HTTP/1.0 client that sends keep-alive keeps its connection",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener();
    const old = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    const client = await connect(old);
    client.send(old);
    await connect();
    assert.equal(client.received.match(/\r\nconnection: keep-alive\r\n/g)?.length, 2);
  },
});

Deno.test({
  name: "pipeline: the measurement counts each request once",
  permissions: "none",
  async fn() {
    const measured: number[] = [];
    const { connect } = simulateListener({
      measure: {
        begin: () => 7,
        end(requests, beganMs) {
          assert.equal(beganMs, 7);
          measured.push(requests);
        },
      },
    });
    const client = await connect(GET.repeat(3));
    client.send("GET / HT");
    await connect();
    client.send("TP/1.1\r\nHost: a\r\n\r\n");
    await connect();
    assert.deepEqual(measured, [3, 1]);
  },
});

Deno.test({
  name: "pipeline: a connection's buffer is reused after the connection has ended, and not before",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener();
    const buffers: Uint8Array[] = [];
    const visit = async (ends: boolean) => {
      const client = new SimulatedClient();
      const { read } = client.conn;
      client.conn.read = (buffer) => {
        buffers.push(buffer);
        return read(buffer);
      };
      await connect(GET, client);
      if (ends) client.end();
      await settle();
    };
    for (let i = 0; i < 50; i++) await visit(true);
    assert.equal(new Set(buffers).size, 1);
    buffers.length = 0;
    for (let i = 0; i < 50; i++) await visit(false);
    assert.equal(new Set(buffers).size, 50);
  },
});
