import assert from "node:assert/strict";
import fc from "fast-check";
import { Accumulator, type Totals, totalsOf } from "../../src/aggregator/partial.ts";
import { OTHER_FORM, scanWords, WORD_SLACK_BYTES } from "../../src/aggregator/words.ts";
import { judgeLine, textAt, totalsOfOutcome } from "../support/judge.ts";

const encoder = new TextEncoder();
const nothing = totalsOf(new Accumulator().take());

/** Scans `text` up to `end`, in memory that goes on for no longer than it may read. */
function scan(text: string, end = text.length): { next: number; totals: Totals } {
  const memory = new Uint8Array(end + WORD_SLACK_BYTES);
  memory.set(encoder.encode(text).subarray(0, memory.length));
  const into = new Accumulator();
  const next = scanWords(new DataView(memory.buffer), 0, end, into);
  return { next, totals: totalsOf(into.take()) };
}

for (
  const line of [
    '{"A1":512, "A2":-30000, "A3":40000}',
    '{"A3":0,"A1":-0,"A2":10}',
    '{"A1": 1, "A2": -12, "A3": 123}',
    '{"A1":1234,"A2":12345,"A3":999999999}',
    '{ "A1" : 1 , "A2"\t: 2\t, \r\t"A3": -999999999\t} \r',
    '{"A1":7,"A2":2,"A3":3,"A1":1}',
    "{}",
    "{\t}\r",
  ]
) {
  Deno.test({
    name: `words: ${JSON.stringify(line)} is settled`,
    permissions: "none",
    fn() {
      const totals = totalsOfOutcome(judgeLine(encoder.encode(line), true)[0]!);
      assert.deepEqual(scan(line), { next: line.length + 1, totals: { ...totals, received: 0 } });
      assert.deepEqual(scan(`${line}\n{"A1":`, line.length + 1).next, line.length + 1);
    },
  });
}

for (
  const line of [
    ...["1234567890", "01", "-", "--1", "- 1", "1.0", "1e3", "  1", '"1"', "", "+1", "1 2", ":", "/"]
      .map((value) => `{"A1":${value},"A2":2,"A3":3}`),
    ...['{"A1":1,"A2":2}', '{"A0":0,"A1":1,"A2":2,"A3":3,"A0":0}', '{"A4":0,"A1":1,"A2":2,"A3":3}'],
    ...['{"B1":1,"A2":2,"A3":3}', '{"A1 ":1,"A2":2,"A3":3}', '{"A1":1,"A2":2,"A3":3,}', "{A1:1}", "{{"],
    ...['{"A1":1,"A2":2,"A3":3', '{"A1":1,"A2":2,"A3":3]', '{,"A1":1}'],
  ]
) {
  Deno.test({
    name: `words: ${line} is of another form`,
    permissions: "none",
    fn: () => assert.deepEqual(scan(line), { next: OTHER_FORM, totals: nothing }),
  });
}

Deno.test({
  name: "words: a brace alone is no JSON for sure, and that shows where the line ends",
  permissions: "none",
  fn() {
    for (const line of ["{", "{  \t", "{\n}", "{\r\n"]) {
      const lineEnd = line.indexOf("\n") < 0 ? line.length : line.indexOf("\n");
      assert.deepEqual(scan(line), { next: ~lineEnd, totals: nothing }, line);
    }
  },
});

Deno.test({
  name: "words: a message is settled whatever follows it on the line, and that is left",
  permissions: "none",
  fn() {
    for (const message of ['{"A1":1,"A2":2,"A3":3}', "{}"]) {
      const { totals } = scan(message);
      for (const rest of ["}", "{}", ",", " x", "\t\r [", '{"A1":1']) {
        const next = message.length + rest.length - rest.trimStart().length;
        assert.deepEqual(scan(message + rest), { next, totals }, message + rest);
      }
    }
  },
});

Deno.test({
  name: "words: what lies behind the end adds nothing, and is read no further than its slack",
  permissions: "none",
  fn() {
    const member = fc.tuple(
      fc.constantFrom('"A1":', ' "A2" : ', '"A3":'),
      fc.integer({ min: -2e9, max: 2e9 }),
    );
    const piece = fc.constantFrom("-", "1", ", ", "}", "\n", " ", "{", '"A1":');
    const members = fc.array(
      fc.oneof({ weight: 9, arbitrary: member.map(([key, value]) => key + value) }, piece),
      {
        minLength: 2,
        maxLength: 5,
      },
    );
    const text = fc.tuple(members, fc.constantFrom("}", "}\n", "}}", " } \n")).map(([members, end]) =>
      `{${members.join(",")}${end}`
    );
    fc.assert(
      fc.property(text, fc.nat(), (text, cut) => {
        const end = 1 + cut % text.length;
        const { next, totals } = scan(text, end);
        const line = encoder.encode(text.slice(0, end).split("\n")[0]!);
        if (next <= 0) return assert.deepEqual(totals, nothing);
        const message = textAt(line, 0)!;
        const rest = text.slice(message.end, line.length);
        const isLast = rest.trim() === "";
        assert.deepEqual({ next, totals }, {
          next: isLast ? line.length + 1 : line.length - rest.trimStart().length,
          totals: { ...totalsOfOutcome(message.outcomes[0]!), received: 0 },
        });
      }),
      { numRuns: 20_000 },
    );
  },
});
