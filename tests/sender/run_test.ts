import assert from "node:assert/strict";
import fc from "fast-check";
import { type Clock, run, type Transport } from "../../src/sender/run.ts";
import { Datagrams, type Totals } from "../../src/sender/shapes.ts";

const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: `sender run: ${name}`, permissions: "none", fn });

/** A simulated kernel and clock, and the run of the sender on them. */
interface World {
  count: number;
  rate: number;
  perDatagram: number;
  slots: number;
  /** How late every wait ends, in milliseconds. */
  lateMs: number;
  /** How long a send takes, in milliseconds. */
  sendMs: number;
  /** How many of the offered datagrams each send takes, in turn. Empty: every send takes all. */
  takes: number[];
  asynchronous: boolean;
}

const EASY: World = {
  count: 1000,
  rate: Infinity,
  perDatagram: 1,
  slots: 64,
  lateMs: 0.1,
  sendMs: 0.05,
  takes: [],
  asynchronous: false,
};

interface Sent {
  ms: number;
  totals: Totals;
  /** The totals of what the transport took, counted apart from `totals`. */
  taken: Totals;
  /** For each send: when it began, and the messages sent so far, its own included. */
  log: { nowMs: number; messages: number }[];
  longestWithoutIdleMs: number;
}

const none = (): Totals => ({ messages: 0, datagrams: 0, A1_sum: 0, A2_max: 0, A3_min: 0 });

async function simulate(world: World, stopAtMs = Infinity): Promise<Sent> {
  const { count, rate, perDatagram, slots } = world;
  const datagrams = new Datagrams({ shape: "plain", seed: 7, perDatagram, slots });
  const stop = new AbortController();
  const startMs = 12_345.678;
  let nowMs = startMs;
  let idleAtMs = startMs;
  let longestWithoutIdleMs = 0;
  const pass = (ms: number) => {
    nowMs += ms;
    if (nowMs - startMs >= stopAtMs) stop.abort();
  };
  const clock: Clock = {
    now: () => nowMs,
    block: (ms) => pass(ms + world.lateMs),
    idle: (ms) => {
      longestWithoutIdleMs = Math.max(longestWithoutIdleMs, nowMs - idleAtMs);
      pass(ms + 1 + world.lateMs);
      idleAtMs = nowMs;
      return Promise.resolve();
    },
  };
  const taken = none();
  const log: Sent["log"] = [];
  let turn = 0;
  const transport: Transport = {
    refused: 0,
    close: () => {},
    send(begin) {
      const offered = datagrams.size - begin;
      const take = Math.min(offered, world.takes[turn++ % world.takes.length] ?? offered);
      datagrams.addTo(taken, begin, begin + take);
      log.push({ nowMs: nowMs - startMs, messages: taken.messages });
      pass(world.sendMs);
      return world.asynchronous ? Promise.resolve(take) : take;
    },
  };
  const totals = none();
  const ms = await run({
    count,
    rate,
    perDatagram,
    datagrams,
    transport,
    clock,
    signal: stop.signal,
    totals,
  });
  return { ms, totals, taken, log, longestWithoutIdleMs };
}

const worlds: fc.Arbitrary<World> = fc.record({
  count: fc.integer({ min: 1, max: 2000 }),
  rate: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 1e6 })),
  perDatagram: fc.integer({ min: 1, max: 50 }),
  slots: fc.integer({ min: 1, max: 64 }),
  lateMs: fc.double({ min: 0, max: 20, noNaN: true }),
  sendMs: fc.double({ min: 0.001, max: 1, noNaN: true }),
  takes: fc.array(fc.nat(64), { maxLength: 5 }).filter((takes) =>
    takes.length === 0 || takes.some((n) => n > 0)
  ),
  asynchronous: fc.boolean(),
});

test("every message is sent once, and the totals count what the kernel took", async () => {
  await fc.assert(fc.asyncProperty(worlds, async (world) => {
    const { totals, taken } = await simulate(world);
    assert.equal(totals.messages, world.count);
    assert.deepEqual(totals, taken);
  }));
});

test("no message is sent before it is due", async () => {
  await fc.assert(fc.asyncProperty(worlds, async (world) => {
    const { log } = await simulate(world);
    for (const { nowMs, messages } of log) {
      const dueMs = messages / world.rate * 1000;
      assert.ok(dueMs <= nowMs + 1e-6, `${messages} messages after ${nowMs} ms, due at ${dueMs} ms`);
    }
  }));
});

for (const rate of [1, 30, 999, 5000, 200_000, 400_000]) {
  test(`${rate}/s is reached, although every wait ends late`, async () => {
    const { ms } = await simulate({ ...EASY, rate, count: rate * 5 });
    assert.ok(ms >= 5000 && ms < 5005, `took ${ms} ms`);
  });
}

test("200,000/s is sent in batches of about a millisecond", async () => {
  const { log } = await simulate({ ...EASY, rate: 200_000, count: 100_000 });
  const gaps = log.map(({ nowMs }, i) => nowMs - (log[i - 1]?.nowMs ?? 0));
  assert.ok(Math.max(...gaps) < 3, `a gap of ${Math.max(...gaps)} ms`);
});

const BUSY: [name: string, world: Partial<World>][] = [
  ["flat out", { count: 1_000_000 }],
  ["at 200,000/s", { rate: 200_000, count: 200_000 }],
  ["while the kernel takes nothing", { takes: [...new Array(5000).fill(0), 64] }],
];

for (const [name, world] of BUSY) {
  test(`the event loop runs every 100 ms ${name}`, async () => {
    const { longestWithoutIdleMs } = await simulate({ ...EASY, ...world });
    assert.ok(
      longestWithoutIdleMs >= 100 && longestWithoutIdleMs < 110,
      `starved for ${longestWithoutIdleMs} ms`,
    );
  });
}

const STOPPED: [name: string, world: Partial<World>][] = [
  ["flat out", {}],
  ["at a slow rate", { rate: 2 }],
  ["while the kernel takes nothing", { takes: [0] }],
];

for (const [name, world] of STOPPED) {
  test(`a stop ends the run ${name}, with the totals so far`, async () => {
    const { ms, totals, taken } = await simulate({ ...EASY, count: 1e6, ...world }, 700);
    assert.ok(ms >= 700 && ms < 810, `took ${ms} ms`);
    assert.ok(totals.messages < 1e6);
    assert.deepEqual(totals, taken);
  });
}
