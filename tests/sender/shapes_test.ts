import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DATAGRAM_BYTES_MAX,
  Datagrams,
  MESSAGE_BYTES_MAX,
  perDatagramMax,
  type Shape,
  SHAPES,
  type Totals,
} from "../../src/sender/shapes.ts";
import { addUp } from "../support/messages/udp.ts";

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `shapes: ${name}`, permissions: "none", fn });

const none = (): Totals => ({ messages: 0, datagrams: 0, A1_sum: 0, A2_max: 0, A3_min: 0 });

interface Run {
  shape: Shape;
  seed: number;
  perDatagram: number;
  slots: number;
  messages: number;
}

const runs: fc.Arbitrary<Run> = fc.record({
  shape: fc.constantFrom(...SHAPES),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  perDatagram: fc.integer({ min: 1, max: 20 }),
  slots: fc.integer({ min: 1, max: 8 }),
  messages: fc.integer({ min: 1, max: 150 }),
});

/** Returns all datagrams of a run as text, and their expected totals. */
function generate({ messages, ...options }: Run): { texts: string[]; totals: Totals } {
  const datagrams = new Datagrams(options);
  const totals = none();
  const texts: string[] = [];
  while (totals.messages < messages) {
    datagrams.fill(messages - totals.messages);
    for (let slot = 0; slot < datagrams.size; slot++) {
      const begin = slot * datagrams.slotBytes;
      assert.ok(datagrams.lengths[slot]! <= datagrams.slotBytes, "a datagram runs over its slot");
      const bytes = datagrams.bytes.subarray(begin, begin + datagrams.lengths[slot]!);
      texts.push(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    }
    datagrams.addTo(totals, 0, datagrams.size);
  }
  return { texts, totals };
}

test("the lines, read by JSON.parse, add up to the totals", () => {
  fc.assert(fc.property(runs, (run) => {
    const { texts, totals } = generate(run);
    assert.deepEqual(totals, addUp(texts));
    assert.equal(totals.messages, run.messages);
    assert.equal(totals.datagrams, Math.ceil(run.messages / run.perDatagram));
  }));
});

test("values stay in the ranges that keep sums exact, and use nearly all of these ranges", () => {
  const { texts } = generate({ shape: "plain", seed: 1, perDatagram: 100, slots: 8, messages: 20_000 });
  const messages = texts.flatMap((text) => text.split("\n")).map((line) => JSON.parse(line));
  const bounds = { A1: [0, 1023], A2: [0, 65_535], A3: [7, 65_542] } as const;
  for (const [key, [min, max]] of Object.entries(bounds)) {
    const values: number[] = messages.map((message) => message[key]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const margin = (max - min) / 1000;
    assert.ok(least >= min && least <= min + margin, `${key} begins at ${least}`);
    assert.ok(most <= max && most >= max - margin, `${key} ends at ${most}`);
  }
});

test("one seed gives the same sums for every shape, datagram size and batch size", () => {
  fc.assert(fc.property(runs, runs, (one, other) => {
    const sums = (run: Run) => ({ ...generate(run).totals, datagrams: undefined });
    assert.deepEqual(sums({ ...other, seed: one.seed, messages: one.messages }), sums(one));
  }));
});

test("the same seed gives the same bytes, another seed gives others", () => {
  const run: Run = { shape: "extra", seed: 0, perDatagram: 3, slots: 4, messages: 50 };
  assert.deepEqual(generate(run).texts, generate(run).texts);
  assert.notDeepEqual(generate(run).texts, generate({ ...run, seed: 1 }).texts);
});

test("totals count the sent slots and no others", () => {
  fc.assert(fc.property(runs, fc.nat(8), (run, cut) => {
    const datagrams = new Datagrams(run);
    datagrams.fill(run.messages);
    const whole = none();
    const parts = none();
    const begin = Math.min(cut, datagrams.size);
    datagrams.addTo(whole, 0, datagrams.size);
    datagrams.addTo(parts, 0, begin);
    assert.equal(parts.datagrams, begin);
    datagrams.addTo(parts, begin, datagrams.size);
    assert.deepEqual(parts, whole);
  }));
});

const SAMPLE = 300;

function sample(shape: Shape): string[] {
  const { texts } = generate({ shape, seed: 5, perDatagram: 1, slots: 16, messages: SAMPLE });
  const bytesMax = Math.max(...texts.map((text) => new TextEncoder().encode(text).length));
  assert.ok(bytesMax <= MESSAGE_BYTES_MAX[shape], `${shape} is up to ${bytesMax} bytes long`);
  return texts;
}

test("plain messages are spaced as in the specification's example", () => {
  for (const text of sample("plain")) assert.match(text, /^\{"A1":\d+, "A2":\d+, "A3":\d+\}$/);
});

test("spaced messages have every kind of whitespace in every place", () => {
  const texts = sample("spaced");
  const [, ...gaps] =
    /^(\s*)\{(\s*)"A1"(\s*):(\s*)\d+(\s*),(\s*)"A2"(\s*):(\s*)\d+(\s*),(\s*)"A3"(\s*):(\s*)\d+(\s*)\}(\s*)$/
      .exec(texts[0]!)!;
  assert.equal(gaps.length, 14);
  for (const space of [" ", "\t", "\r"]) {
    for (
      const around of [
        `${space}{`,
        `{${space}`,
        `${space}:`,
        `:${space}`,
        `${space},`,
        `${space}}`,
        `}${space}`,
      ]
    ) {
      assert.ok(texts.some((text) => text.includes(around)), `never ${JSON.stringify(around)}`);
    }
  }
  assert.ok(texts.some((text) => text.startsWith("{")), "every message begins with a space");
});

test("shuffled messages have each order of the keys about equally often", () => {
  const times = Map.groupBy(sample("shuffled"), (text) => Object.keys(JSON.parse(text)).join());
  assert.equal(times.size, 6);
  for (const [order, texts] of times) {
    assert.ok(texts.length > SAMPLE / 12, `${order}: ${texts.length} times`);
  }
});

test("extra messages have other members before, between and after, some nested and some escaped", () => {
  const texts = sample("extra");
  const keys = texts.map((text) => Object.keys(JSON.parse(text)));
  assert.deepEqual(
    new Set(keys.flat()),
    new Set(["A1", "A2", "A3", "id", "host", "nested", "a/1", "unité", ""]),
  );
  assert.ok(keys.some(([first]) => first !== "A1"), "none before A1");
  assert.ok(keys.some((some) => some.at(-1) !== "A3"), "none after A3");
  assert.ok(keys.some((some) => some.indexOf("A2") - some.indexOf("A1") > 1), "none between A1 and A2");
});

for (const shape of SHAPES) {
  test(`perDatagramMax messages of shape ${shape} fit into a datagram, and one more might not`, () => {
    const most = perDatagramMax(shape);
    const { slotBytes } = new Datagrams({ shape, seed: 1, perDatagram: most, slots: 1 });
    assert.ok(slotBytes <= DATAGRAM_BYTES_MAX);
    assert.ok(slotBytes + MESSAGE_BYTES_MAX[shape] + 1 > DATAGRAM_BYTES_MAX);
  });
}
