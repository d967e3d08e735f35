import assert from "node:assert/strict";
import { EventStreams } from "../../../src/shared/http/event_streams.ts";
import { Exchange, type ExchangeAnswer } from "../../../src/shared/http/exchange.ts";
import { textAnswer } from "../../../src/shared/http/answers.ts";
import { HttpListener } from "../../../src/shared/http/listener.ts";
import { settle, SimulatedAcceptor, SimulatedClient } from "../../support/http/simulated_client.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";
import { ECHO, GET, PATIENCE, statusesOf } from "../../support/http/simulated_listener.ts";

/**
 * Simulates a listener that answers every request with an event stream, or with 503 when there are too many.
 */
function simulateStreams(streamsMax = 3) {
  const clock = new SimulatedClock(0);
  const acceptor = new SimulatedAcceptor();
  let messages = 0;
  const streams = new EventStreams({
    streamsMax,
    intervalMs: 1000,
    lifetimeMs: 60_000,
    message: () => `{"n":${++messages}}`,
    setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
  });
  const answer = (): Promise<ExchangeAnswer> => Promise.resolve(streams.open() ?? textAnswer(503, "full"));
  const listener = new HttpListener({
    acceptor,
    connectionsMax: 100,
    patience: PATIENCE,
    clock,
    connect: (conn, host) => new Exchange(conn, host, { bodyBytesMax: 0, refuse: ECHO.refuse, answer }),
    events: { acceptFailing() {}, acceptRecovered() {} },
  });
  const pass = async (ms: number) => {
    await clock.pass(ms);
    await settle();
  };
  const connect = async (client = new SimulatedClient()) => {
    acceptor.connect(client);
    await settle();
    client.send(GET);
    await settle();
    return client;
  };
  return { streams, listener, pass, connect, messagesMade: () => messages };
}

const numbersOf = (client: SimulatedClient): number[] =>
  [...client.received.matchAll(/data: \{"n":(\d+)\}\n\n/g)].map(([, n]) => Number(n));

Deno.test({
  name:
    "event streams: a new client gets a message at once, and from then on the same messages as all others",
  permissions: "none",
  async fn() {
    const { connect, pass, messagesMade } = simulateStreams();
    const first = await connect();
    assert.match(first.received, /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream\r\n/);
    assert.match(first.received, /connection: close\r\n\r\nretry: 1000\n\ndata: \{"n":1\}\n\n$/);
    assert.doesNotMatch(first.received, /content-length/);
    const second = await connect();
    await pass(2000);
    assert.deepEqual(numbersOf(first), [1, 3, 4]);
    assert.deepEqual(numbersOf(second), [2, 3, 4]);
    assert.equal(messagesMade(), 4);
  },
});

Deno.test({
  name:
    "event streams: their number is limited, a client that leaves makes room, and without clients no message is made",
  permissions: "none",
  async fn() {
    const { connect, pass, streams, messagesMade, listener } = simulateStreams();
    for (let round = 0; round < 100; round++) {
      const clients = await Promise.all(Array.from({ length: 10 }, () => connect()));
      const followers = clients.filter(({ received, isClosed }) =>
        statusesOf(received)[0] === 200 && !isClosed
      );
      assert.equal(followers.length, 3);
      assert.equal(streams.size, 3);
      for (const client of clients) client.end();
      await settle();
      assert.equal(streams.size, 0);
    }
    const before = messagesMade();
    await pass(10_000);
    assert.equal(messagesMade(), before);
    assert.equal(listener.places.size, 0);
  },
});

Deno.test({
  name:
    "event streams: messages do not pile up for a client that reads nothing, and it is closed like any slow client",
  permissions: "none",
  async fn() {
    const { connect, pass, streams } = simulateStreams();
    const slow = await connect();
    const quick = await connect();
    slow.takesAnswers = false;
    await pass(3000);
    assert.deepEqual([numbersOf(slow).length, numbersOf(quick).length], [1, 4]);
    await pass(4000);
    assert.equal(slow.isClosed, true);
    await settle();
    assert.equal(streams.size, 1);
    assert.equal(quick.isClosed, false);
  },
});

Deno.test({
  name: "event streams: a stream ends after its lifetime, and every stream ends at a stop",
  permissions: "none",
  async fn() {
    const { connect, pass, streams, listener } = simulateStreams();
    const old = await connect();
    await pass(59_000);
    assert.equal(old.isClosed, false);
    await pass(1000);
    assert.equal(old.isClosed, true);
    const open = await connect();
    streams.end();
    await settle();
    assert.equal(open.isClosed, true);
    assert.equal(listener.places.size, 0);
  },
});

Deno.test({
  name: "event streams: a client that leaves before its head was sent is not counted",
  permissions: "none",
  async fn() {
    const { connect, streams } = simulateStreams();
    const client = new SimulatedClient();
    client.takesAnswers = false;
    await connect(client);
    client.conn.close();
    await settle();
    assert.equal(streams.size, 0);
  },
});
