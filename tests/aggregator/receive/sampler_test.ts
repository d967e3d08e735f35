import assert from "node:assert/strict";
import fc from "fast-check";
import { createControl, type Refused, signalMinute } from "../../../src/aggregator/worker_protocol.ts";
import { Accumulator, type Reason, REASONS, totalsOf } from "../../../src/aggregator/aggregate/partial.ts";
import { refusalsIn, Sampler } from "../../../src/aggregator/receive/sampler.ts";
import { Batch, scanDatagram } from "../../../src/aggregator/parse/scanner.ts";
import { datagram } from "../../support/messages/message_arbitraries.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function test(name: string, fn: () => void): void {
  Deno.test({ name: `sampler: ${name}`, permissions: "none", fn });
}

/** Returns what is refused of the datagram `text`, which lies between other bytes as in a batch. */
function refusedOf(text: string, truncated = false): [reason: Reason, text: string][] {
  const bytes = encoder.encode(`{}\n${text}0}`);
  return refusalsIn(Batch.of(bytes), 3, bytes.length - 2, truncated).map(({ reason, start, end }) => [
    REASONS[reason]!,
    decoder.decode(bytes.subarray(start, end)),
  ]);
}

const good = '{"A1":1,"A2":2,"A3":3}';
const half = '{"A1":1.5,"A2":2,"A3":3}';

test("each refused message is found, and no other", () => {
  const rows: [text: string, ...refused: [Reason, string][]][] = [
    [good],
    [`${good}\n${half}\r\n${good}`, ["not_integer", half]],
    [`${good}${half} {} ${good}x${good}`, ["not_integer", half], ["missing_field", "{}"], [
      "syntax",
      `x${good}`,
    ]],
    [`${good} {"A1":`, ["syntax", '{"A1":']],
    ["", ["empty", ""]],
    [`${good}\n\n\r\n${good}`, ["empty", ""], ["empty", "\r"]],
    [" \nx", ["syntax", " "], ["syntax", "x"]],
    ["\r", ["syntax", "\r"]],
    [`[${good},{}]\n[1]`, ["missing_field", `[${good},{}]`], ["syntax", "[1]"]],
    ['{\n"A1":1\n}', ["missing_field", '{\n"A1":1\n}']],
    ['{\n"A1":1\n}x', ["syntax", "{"], ["syntax", '"A1":1'], ["syntax", "}x"]],
    ['{"A1":1e19,"A2":1,"A3":1}', ["out_of_range", '{"A1":1e19,"A2":1,"A3":1}']],
  ];
  for (const [text, ...refused] of rows) assert.deepEqual(refusedOf(text), refused, JSON.stringify(text));
  const cut = `${half}\n${half}`;
  assert.deepEqual(refusedOf(cut, true), [["truncated", cut], ["not_integer", half]]);
});

test("the sampler finds exactly the reasons that the scanner counts", () => {
  fc.assert(
    fc.property(datagram, fc.nat(9), (bytes, dice) => {
      const batch = Batch.of(bytes);
      const into = new Accumulator();
      scanDatagram(batch, 0, bytes.length, dice === 9, into);
      const counted = REASONS.filter((_, reason) => into.rejected(reason) > 0);
      const found = new Set(
        refusalsIn(batch, 0, bytes.length, dice === 9).map(({ reason }) => REASONS[reason]!),
      );
      assert.deepEqual(REASONS.filter((reason) => found.has(reason)), counted, decoder.decode(bytes));
    }),
    { numRuns: 20_000 },
  );
});

/** Makes a sampler. `refused` lists what it posts. */
function sampling() {
  const control = createControl(1);
  const refused: Refused[] = [];
  const sampler = new Sampler(control, (message) => {
    if (message.kind === "refused") refused.push(message.refused);
  });
  const into = new Accumulator();
  const scan = (text: string, from?: string) => {
    const bytes = encoder.encode(text);
    sampler.scan(Batch.of(bytes), 0, bytes.length, false, into, () => from);
  };
  return { control, refused, into, scan };
}

test("a scan counts as the scanner does, and posts refused messages, cut to 256 bytes, with their sender", () => {
  const { refused, into, scan } = sampling();
  const long = `{"x":"${"y".repeat(300)}"}`;
  scan(`${good}\n${long}\n${half}`, "127.0.0.1:7");
  scan("{}");
  const { accepted, rejected } = totalsOf(into.take());
  assert.deepEqual([accepted, rejected.missing_field, rejected.not_integer], [1, 2, 1]);
  assert.deepEqual(refused.map(({ bytes, ...rest }) => ({ ...rest, text: decoder.decode(bytes) })), [
    {
      reason: REASONS.indexOf("missing_field"),
      length: long.length,
      from: "127.0.0.1:7",
      text: long.slice(0, 256),
    },
    { reason: REASONS.indexOf("not_integer"), length: half.length, from: "127.0.0.1:7", text: half },
    { reason: REASONS.indexOf("missing_field"), length: 2, text: "{}" },
  ]);
});

test("ten samples per reason and minute are posted, even of one datagram", () => {
  const { control, refused, scan } = sampling();
  scan("{}\n".repeat(30));
  for (let i = 0; i < 30; i++) scan("x");
  const counts = () =>
    ["missing_field", "syntax"].map((reason) =>
      refused.filter((each) => REASONS[each.reason] === reason).length
    );
  assert.deepEqual(counts(), [10, 10]);
  signalMinute(control);
  scan("{}{}");
  scan("x");
  assert.deepEqual(counts(), [12, 11]);
});
