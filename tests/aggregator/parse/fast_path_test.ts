import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Accumulator,
  emptyTotals,
  mergeTotals,
  type Totals,
  totalsOf,
} from "../../../src/aggregator/aggregate/partial.ts";
import {
  OTHER_FORM,
  scanLines,
  scanWords,
  WORD_SLACK_BYTES,
} from "../../../src/aggregator/parse/fast_path.ts";
import { judgeLine, textAt, totalsOfOutcome } from "../../support/messages/reference_parser.ts";

const encoder = new TextEncoder();
const nothing = totalsOf(new Accumulator().take());

/** Scans `text` up to `end`. The memory ends where the slack ends, so a scanner that reads further throws. */
function scan(text: string, end = text.length, scanner = scanWords): { next: number; totals: Totals } {
  const memory = new Uint8Array(end + WORD_SLACK_BYTES);
  memory.set(encoder.encode(text).subarray(0, memory.length));
  const into = new Accumulator();
  const next = scanner(new DataView(memory.buffer), 0, end, into);
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
    '{"A1":1.0,"A2":-2e0, "A3":30E0}',
    '{ "A2" :-0.0 ,"A3": -999999999e0\t, "A1" : 1234.0 } ',
    '{"A1":7.0,"A1":1e0,"A2":2.0,"A1":4.0,"A3":3.0}',
    '{"A1": -999999999.0, "A2": -999999999.0, "A3": -999999999.0}\r',
    "{}",
    "{\t}\r",
  ]
) {
  Deno.test({
    name: `scanWords: ${JSON.stringify(line)} needs no slow path`,
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
    ...["1234567890", "01", "-", "--1", "- 1", "1.1", "1e3", "  1", '"1"', "", "+1", "1 2", ":", "/"]
      .map((value) => `{"A1":${value},"A2":2,"A3":3}`),
    ...["1.", ".0", "-.0", "1.00", "1.01", "1e", "1e00", "1e01", "1e-0", "1e+0", "1.0e0", "1e0.0", "1E0e0"]
      .map((value) => `{"A1":${value},"A2":2,"A3":3}`),
    ...["1 .0", "1 e0", "1. 0", "1e 0", "1.0 0", "1,0", "1/0", "1.0.0", "01.0", "00e0", "1234567890.0", "1F0"]
      .map((value) => `{"A1":${value},"A2":2,"A3":3}`),
    ...['{"A1":1,"A2":2}', '{"A0":0,"A1":1,"A2":2,"A3":3,"A0":0}', '{"A4":0,"A1":1,"A2":2,"A3":3}'],
    ...['{"B1":1,"A2":2,"A3":3}', '{"A1 ":1,"A2":2,"A3":3}', '{"A1":1,"A2":2,"A3":3,}', "{A1:1}", "{{"],
    ...['{"A1":1,"A2":2,"A3":3', '{"A1":1,"A2":2,"A3":3]', '{,"A1":1}'],
  ]
) {
  Deno.test({
    name: `scanWords: ${line} is left to the slow path`,
    permissions: "none",
    fn: () => assert.deepEqual(scan(line), { next: OTHER_FORM, totals: nothing }),
  });
}

Deno.test({
  name: "scanWords: a line with only `{` is not JSON, and breaks where the line ends",
  permissions: "none",
  fn() {
    for (const line of ["{", "{  \t", "{\n}", "{\r\n"]) {
      const lineEnd = line.indexOf("\n") < 0 ? line.length : line.indexOf("\n");
      assert.deepEqual(scan(line), { next: ~lineEnd, totals: nothing }, line);
    }
  },
});

Deno.test({
  name: "scanWords: a message is read, and what follows it on its line is not",
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
  name: "scanWords: bytes after the end never count, and none after the slack is read",
  permissions: "none",
  fn() {
    const member = fc.tuple(
      fc.constantFrom('"A1":', ' "A2" : ', '"A3":'),
      fc.integer({ min: -2e9, max: 2e9 }),
      fc.constantFrom("", "", "", ".0", "e0", "E0", " .0", ".", "e", "0", ".00", "e01"),
    );
    const piece = fc.constantFrom("-", "1", ", ", "}", "\n", " ", "{", '"A1":');
    const members = fc.array(
      fc.oneof({ weight: 9, arbitrary: member.map((parts) => parts.join("")) }, piece),
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

for (
  const line of [
    '{"A1":512, "A2":-30000, "A3":40000}',
    '{"A1":1,"A2":22,"A3":333}',
    '{"A1": -999999999, "A2": -999999999, "A3": -999999999}',
    '{"A1":0,"A2": -0, "A3":1234}\r',
  ]
) {
  Deno.test({
    name: `scanLines: lines such as ${JSON.stringify(line)} are read in one call`,
    permissions: "none",
    fn() {
      const lines = `${line}\n`.repeat(3);
      const one = totalsOfOutcome(judgeLine(encoder.encode(line), true)[0]!);
      const totals = { ...one, received: 0, accepted: 3, sum: 3n * one.sum };
      assert.deepEqual(scan(lines, lines.length, scanLines), { next: lines.length, totals });
      assert.deepEqual(scan(lines, lines.length - 1, scanLines), { next: lines.length, totals });
      for (
        const rest of ["", "\n", "{", '{"A1":1', '{"A1":1,"A2":2,"A3":3,"A4":4}', '{"A3":3}', "x", "\r\n"]
      ) {
        const { length } = lines + rest;
        assert.deepEqual(scan(lines + rest, length, scanLines), { next: lines.length, totals }, rest);
      }
    },
  });
}

Deno.test({
  name: "scanLines: lines up to a cut or another form are read as by the reference parser",
  permissions: "none",
  fn() {
    const value = fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: -99_999, max: 99_999 }) },
      { weight: 2, arbitrary: fc.integer({ min: -2e9, max: 2e9 }) },
      { weight: 1, arbitrary: fc.constantFrom("-0", "01", "-", "1.1", "1e1", "  1", '"1"', "") },
      {
        weight: 2,
        arbitrary: fc.constantFrom("-0.0", "01.0", "-12.0", "1e0", "12345E0", "1.00", "1.", "e0"),
      },
    );
    const line = fc.tuple(
      value,
      value,
      value,
      fc.constantFrom(",", ", ", ",", ", ", " ,"),
      fc.constantFrom("", " "),
      fc.constantFrom("}", "}", "}", "}", "}\r", "} ", ",}", "}}", ',"A1":7}', '"'),
    ).map(([a1, a2, a3, comma, space, end]) =>
      `{"A1":${space}${a1}${comma}"A2":${space}${a2}${comma}"A3":${space}${a3}${end}`
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), fc.nat(), (lines, cut) => {
        const text = lines.join("\n");
        const end = 1 + cut % text.length;
        const { next, totals } = scan(text, end, scanLines);
        assert.ok(next === 0 || next > end || text[next - 1] === "\n", `${next}`);
        const settled = text.slice(0, Math.min(next, end)).split("\n").filter((line) => line !== "");
        const expected = emptyTotals();
        for (const line of settled) {
          const outcomes = judgeLine(encoder.encode(line), true);
          assert.equal(outcomes.length, 1);
          mergeTotals(expected, totalsOfOutcome(outcomes[0]!));
        }
        assert.deepEqual(totals, { ...expected, received: 0 });
        // What scanLines leaves does not begin with a complete message of the everyday form.
        const rest = text.slice(next, end).split("\n")[0]!;
        const integer = "(?:0|-0|-?[1-9][0-9]{0,8})";
        const everyday = new RegExp(
          `^\\{"A1": ?${integer}, ?"A2": ?${integer}, ?"A3": ?${integer}\\}\\r?$`,
        );
        assert.ok(next >= end || !everyday.test(rest), rest);
      }),
      { numRuns: 20_000 },
    );
  },
});
