import assert from "node:assert/strict";
import type { WholeRequest } from "../../../src/shared/http/exchange.ts";
import { SimulatedClient } from "../../support/http/simulated_client.ts";
import { GET, PATIENCE, simulateListener, statusesOf } from "../../support/http/simulated_listener.ts";

/** Answers with the request's method, target, number of fields, and body. */
const describe = ({ method, target, fields, body }: WholeRequest): Promise<string> =>
  Promise.resolve(
    [method, target, fields.length, body instanceof Uint8Array ? new TextDecoder().decode(body) : body].join(
      " ",
    ),
  );

const post = (body: string, length = body.length, ...fields: string[]) =>
  `POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${
    fields.map((field) => `${field}\r\n`).join("")
  }\r\n${body}`;

const bodiesOf = (text: string) => [...text.matchAll(/\r\n\r\n([^\r\n]*)\n/g)].map(([, body]) => body);

Deno.test({
  name: "exchange: a request has its fields and its body, however the bytes are split over reads",
  permissions: "none",
  async fn() {
    const text = post("hello\r\n\r\n", 9) + GET + post("x", 1);
    for (const size of [1, 2, 7, 50, 1000]) {
      const { connect } = simulateListener({ answer: describe });
      const client = await connect();
      for (let at = 0; at < text.length; at += size) {
        client.send(text.slice(at, at + size));
        await connect();
      }
      assert.deepEqual(statusesOf(client.received), [200, 200, 200]);
      assert.match(client.received, /POST \/p 2 hello\r\n\r\n\n/);
      assert.deepEqual(bodiesOf(client.received).slice(-2), ["GET /a 1 ", "POST /p 2 x"]);
    }
  },
});

Deno.test({
  name: "exchange: a body that is too long is not read, and the connection ends after the answer",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener({ answer: describe });
    const client = await connect(post("", 101) + GET);
    assert.deepEqual(bodiesOf(client.received), ["POST /p 2 too long"]);
    assert.match(client.received, /connection: close/);
  },
});

Deno.test({
  name: "exchange: a body in chunks and an invalid head are refused",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener({ answer: describe });
    const chunks = await connect(
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${GET}`,
    );
    assert.deepEqual(statusesOf(chunks.received), [411]);
    assert.deepEqual(statusesOf((await connect(`GET / HTTP/1.1\r\n\r\n${GET}`)).received), [400]);
  },
});

Deno.test({
  name: "exchange: a client that sends Expect: 100-continue is told to send its body",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener({ answer: describe });
    const client = await connect(post("", 2, "Expect: 100-continue"));
    assert.equal(client.received, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    await connect();
    assert.deepEqual(bodiesOf(client.received).at(-1), "POST /p 3 ok");
  },
});

Deno.test({
  name: "exchange: the deadline for a body is the same as for a head",
  permissions: "none",
  async fn() {
    const { connect, pass } = simulateListener({ answer: describe });
    const client = await connect(post("a", 2));
    await pass(PATIENCE.reading - 100);
    assert.ok(!client.isClosed);
    await pass(1000);
    assert.ok(client.isClosed);
    assert.deepEqual(statusesOf(client.received), [408]);
  },
});

Deno.test({
  name: "exchange: a client that ends in the middle of its body gets no answer, and other clients are served",
  permissions: "none",
  async fn() {
    const { connect, listener } = simulateListener({ answer: describe });
    const client = await connect(post("a", 2));
    client.end();
    assert.deepEqual(statusesOf((await connect(GET)).received), [200]);
    assert.ok(client.isClosed);
    assert.equal(listener.places.size, 1);
  },
});

Deno.test({
  name: "exchange: a request waits until the request before is answered",
  permissions: "none",
  async fn() {
    const waiting: ((text: string) => void)[] = [];
    const { connect } = simulateListener({ answer: () => new Promise((resolve) => waiting.push(resolve)) });
    const client = await connect(GET.repeat(2));
    assert.equal(waiting.length, 1);
    waiting[0]!("one");
    await connect();
    assert.deepEqual([waiting.length, bodiesOf(client.received)], [2, ["one"]]);
    waiting[1]!("two");
    await connect();
    assert.deepEqual(bodiesOf(client.received), ["one", "two"]);
  },
});

const answering = (bytes: number) => () => Promise.resolve(new Uint8Array(bytes).fill(97));

Deno.test({
  name: "exchange: head and body are one write up to 16 KiB of body, and two writes beyond",
  permissions: "none",
  async fn() {
    for (const [bytes, writes] of [[0, 1], [1, 1], [16_384, 1], [16_385, 2], [1_000_000, 2]] as const) {
      const { connect } = simulateListener({ answer: answering(bytes) });
      const client = await connect(GET);
      assert.equal(client.writes.length, writes, `${bytes} bytes`);
      assert.match(client.received, new RegExp(`content-length: ${bytes}\r\n`));
      assert.equal(client.received.split("\r\n\r\n")[1]!.length, bytes);
    }
  },
});

Deno.test({
  name: "exchange: TCP_NODELAY is set, and an error about it is ignored, since the client may be gone",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener({ answer: answering(1) });
    assert.equal((await connect(GET)).hasNoDelay, true);
    const gone = new SimulatedClient();
    gone.conn.setNoDelay = () => {
      throw new Error("Invalid argument (os error 22)");
    };
    assert.deepEqual(statusesOf((await connect(GET, gone)).received), [200]);
    const { connect: viewer } = simulateListener();
    assert.equal((await viewer(GET)).hasNoDelay, false);
  },
});

const SLOW_WAYS: readonly (readonly [who: string, sent: string, takesAnswers: boolean])[] = [
  ["take no answer", GET, false],
  ["send half a body", post("a", 2), true],
  ["send half a head after an answer", GET + GET.slice(0, 20), true],
  ["go on sending after the last answer", "no head\r\n\r\n", true],
];

for (const [who, sent, takesAnswers] of SLOW_WAYS) {
  Deno.test({
    name: `exchange: clients that ${who} keep no newcomer out: the longest waiting of them is closed`,
    permissions: "none",
    async fn() {
      const { connect, listener } = simulateListener({ answer: answering(1_000_000), connectionsMax: 24 });
      const slow: SimulatedClient[] = [];
      for (let i = 0; i < 40; i++) {
        const client = new SimulatedClient();
        client.takesAnswers = takesAnswers;
        slow.push(await connect(sent, client));
      }
      assert.deepEqual(slow.map(({ isClosed }) => isClosed), slow.map((_, at) => at < 16));
      assert.deepEqual(statusesOf((await connect(GET)).received), [200]);
      assert.equal(listener.places.size, 24);
    },
  });
}

Deno.test({
  name: "exchange: a slow client is served when it goes on",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener({ answer: describe, connectionsMax: 24 });
    const slow = await connect(post("a", 2));
    slow.send("b");
    await connect();
    assert.deepEqual(bodiesOf(slow.received), ["POST /p 2 ab"]);
  },
});
