import assert from "node:assert/strict";
import { QUIET_MS, STOP_MS_MAX, TICK_MS } from "../../../src/shared/http/listener.ts";
import { SimulatedClient } from "../../support/http/simulated_client.ts";
import { GET, PATIENCE, simulateListener, statusesOf } from "../../support/http/simulated_listener.ts";

/** The longest time from a deadline until the listener notices it. */
const LATE_MS = 3 * TICK_MS;

const SLOW: readonly [
  name: string,
  stage: keyof typeof PATIENCE,
  said: string,
  act: (c: SimulatedClient) => void,
][] = [
  ["sends nothing", "fresh", "408", () => {}],
  ["sends half a head", "fresh", "408", (client) => client.send("GET / HT")],
  ["sends half a second head", "reading", "200,408", (client) => client.send(`${GET}GET / HT`)],
  ["sends no further request", "idle", "200", (client) => client.send(GET)],
  ["is refused and goes on sending", "closing", "400", (client) => client.send("GET\r\n")],
];

for (const [name, stage, said, act] of SLOW) {
  Deno.test({
    name: `listener: a client that ${name} is closed after the deadline, and not before`,
    permissions: "none",
    async fn() {
      const { pass, connect, listener } = simulateListener();
      const client = await connect();
      act(client);
      await pass(PATIENCE[stage] - 1);
      assert.ok(!client.isClosed);
      await pass(LATE_MS);
      assert.ok(client.isClosed);
      assert.equal(statusesOf(client.received).join(), said);
      assert.equal(listener.places.size, 0);
      const { timedOutReading, timedOutIdle, timedOutWriting } = listener.counts;
      assert.deepEqual(
        [timedOutReading, timedOutIdle, timedOutWriting],
        {
          fresh: [1, 0, 0],
          reading: [1, 0, 0],
          idle: [0, 1, 0],
          writing: [0, 0, 1],
          closing: [0, 0, 0],
        }[stage as "idle"],
      );
    },
  });
}

Deno.test({
  name: "listener: a client that sends a head byte by byte is closed at the deadline of the whole head",
  permissions: "none",
  async fn() {
    const { pass, connect } = simulateListener();
    const client = await connect();
    for (let ms = 0; ms < PATIENCE.fresh + LATE_MS; ms += 100) {
      client.send("a");
      await pass(100);
    }
    assert.ok(client.isClosed);
  },
});

Deno.test({
  name: "listener: a client that takes no answer is closed, and no further request of it is read",
  permissions: "none",
  async fn() {
    const { pass, connect, listener } = simulateListener();
    const client = new SimulatedClient();
    client.takesAnswers = false;
    await connect(GET, client);
    client.send(GET);
    await pass(PATIENCE.writing - 1);
    assert.deepEqual([client.isClosed, client.received], [false, ""]);
    await pass(LATE_MS);
    assert.deepEqual([client.isClosed, client.received], [true, ""]);
    assert.equal(listener.counts.timedOutWriting, 1);
  },
});

Deno.test({
  name: "listener: time in which the process was stopped does not count for a deadline",
  permissions: "none",
  async fn() {
    const { clock, pass, connect } = simulateListener();
    const client = await connect("GET / HT");
    await pass(1000);
    // After a stop of the whole process, the listener only sees that its timer fires late.
    const monotonicMs = clock.monotonicMs.bind(clock);
    clock.monotonicMs = () => monotonicMs() + 3_600_000;
    await pass(1000);
    assert.ok(!client.isClosed);
    await pass(PATIENCE.fresh);
    assert.ok(client.isClosed);
  },
});

Deno.test({
  name: "listener: an idle listener has no timer",
  permissions: "none",
  async fn() {
    const { clock, pass, connect } = simulateListener();
    let timers = 0;
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (...args) => {
      timers++;
      return setTimer(...args);
    };
    await pass(60_000);
    assert.equal(timers, 0);
    const client = await connect(GET);
    client.end();
    await pass(60_000);
    assert.ok(timers > 0 && timers < 5, String(timers));
  },
});

Deno.test({
  name: "listener: at the limit a newcomer replaces the least needed connection",
  permissions: "none",
  async fn() {
    const { connect, listener } = simulateListener({ connectionsMax: 8 });
    const viewers = await Promise.all(Array.from({ length: 8 }, () => connect(GET)));
    await connect(GET);
    assert.deepEqual(viewers.map(({ isClosed }) => isClosed), [true, ...Array(7).fill(false)]);
    for (const viewer of viewers) viewer.send("GET");
    const strangers = await Promise.all(Array.from({ length: 4 }, () => connect()));
    // The ninth viewer was still idle and made room for the first stranger. After that, only strangers make
    // room.
    assert.deepEqual(strangers.map(({ isClosed }) => isClosed), [true, true, true, false]);
    for (const stranger of strangers) stranger.send("GET");
    assert.equal(listener.places.size, 8);
    assert.equal(listener.counts.evicted, 5);
    viewers[1]!.send(GET.slice(3));
    await connect();
    assert.equal(statusesOf(viewers[1]!.received).join(), "200,200");
  },
});

Deno.test({
  name:
    "listener: at the limit a newcomer is refused when every connection waits for an answer of the service",
  permissions: "none",
  async fn() {
    const { connect, listener } = simulateListener({
      connectionsMax: 2,
      answer: () => new Promise(() => {}),
    });
    await connect(GET);
    await connect(GET);
    const third = await connect(GET);
    assert.deepEqual([third.isClosed, third.received, listener.counts.refused], [true, "", 1]);
  },
});

Deno.test({
  name: "listener: a viewer that has sent a request stays when many strangers only connect",
  permissions: "none",
  async fn() {
    const { connect } = simulateListener({ connectionsMax: 8 });
    const viewer = await connect(GET);
    for (let i = 0; i < 200; i++) await connect();
    viewer.send(GET);
    await connect(GET);
    assert.equal(statusesOf(viewer.received).join(), "200,200");
  },
});

Deno.test({
  name:
    "listener: a connection beyond the limit of its address is refused, and the end of a connection is reported",
  permissions: "none",
  async fn() {
    const open = new Map<string, number>();
    const admission = {
      enter({ hostname }: Deno.NetAddr) {
        if ((open.get(hostname) ?? 0) === 2) return false;
        open.set(hostname, (open.get(hostname) ?? 0) + 1);
        return true;
      },
      leave: ({ hostname }: Deno.NetAddr) => void open.set(hostname, open.get(hostname)! - 1),
    };
    const { connect } = simulateListener({ admission });
    const [first] = [await connect(), await connect(), await connect()];
    assert.equal(open.get("192.0.2.1"), 2);
    first.end();
    const fourth = await connect(GET);
    assert.deepEqual([fourth.isClosed, open.get("192.0.2.1")], [false, 2]);
  },
});

Deno.test({
  name:
    "listener: failing accepts are reported once, idle connections make room, and the recovery is reported",
  permissions: "none",
  async fn() {
    const { acceptor, connect, pass, events } = simulateListener();
    const viewers = [await connect(GET), await connect(GET)];
    for (let i = 0; i < 20; i++) {
      acceptor.fail("Too many open files (os error 24)");
      await pass(60);
    }
    assert.deepEqual(events, ["failing: Too many open files (os error 24)"]);
    assert.ok(viewers.every(({ isClosed }) => isClosed));
    const newcomer = await connect(GET);
    await pass(50);
    assert.equal(statusesOf(newcomer.received).join(), "200");
    await pass(2000);
    assert.equal(events.length, 2);
    assert.match(events[1]!, /^recovered after \d+$/);
    acceptor.fail("again");
    await pass(5000);
    assert.equal(events.length, 4);
  },
});

Deno.test({
  name: "listener: a stop answers the clients in the accept queue, then accepts no more",
  permissions: "none",
  async fn() {
    const { acceptor, listener, pass, clock } = simulateListener();
    const stopping = listener.stop();
    const clients = Array.from({ length: 30 }, () => acceptor.connect());
    for (const client of clients) client.send(GET);
    await pass(1);
    assert.ok(acceptor.isClosed && acceptor.left === 0);
    assert.ok(clients.every(({ received }) => /\r\nconnection: close\r\n/.test(received)));
    await pass(50);
    await stopping;
    assert.ok(clients.every(({ isClosed }) => isClosed));
    assert.ok(clock.monotonicMs() < 100);
  },
});

Deno.test({
  name:
    "listener: a stop waits a little for silent clients, and a little longer for clients in the middle of a request",
  permissions: "none",
  async fn() {
    const { connect, listener, pass, clock } = simulateListener();
    const idle = await connect(GET);
    const late = await connect(GET);
    const silent = await connect();
    const half = await connect("GET / HT");
    const finishing = await connect("GET /b HT");
    const beganMs = clock.monotonicMs();
    const stopping = listener.stop();
    await pass(QUIET_MS / 2);
    late.send(GET);
    await pass(QUIET_MS / 2 + 50);
    assert.deepEqual([idle, silent, half].map(({ isClosed }) => isClosed), [true, true, false]);
    assert.equal(statusesOf(late.received).join(), "200,200");
    finishing.send("TP/1.1\r\nHost: a\r\n\r\n");
    await pass(STOP_MS_MAX);
    await stopping;
    assert.match(finishing.received, /connection: close\r\n\r\nGET \/b\n$/);
    assert.ok(half.isClosed && clock.monotonicMs() - beganMs <= 1000);
  },
});

Deno.test({
  name: "listener: a stop waits for an answer that the service has not given yet",
  permissions: "none",
  async fn() {
    const answer = Promise.withResolvers<string>();
    const { connect, listener, pass } = simulateListener({ answer: () => answer.promise });
    const client = await connect(GET);
    const stopping = listener.stop();
    await pass(5000);
    assert.ok(!client.isClosed);
    answer.resolve("late");
    await pass(50);
    await stopping;
    assert.match(client.received, /late\n$/);
  },
});

Deno.test({
  name: "listener: while draining it still accepts, and closes each connection after an answer",
  permissions: "none",
  async fn() {
    const { connect, listener } = simulateListener();
    const before = await connect(GET);
    listener.drain();
    const after = await connect(GET);
    before.send(GET);
    await connect();
    for (const client of [before, after]) {
      assert.match(client.received, /connection: close/);
      assert.ok(client.isClosed);
    }
  },
});
