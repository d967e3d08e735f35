import assert from "node:assert/strict";
import fc from "fast-check";
import { INTEGER, NOT_INTEGER } from "../../../src/aggregator/parse/integer.ts";
import {
  memberKinds,
  memberLimbs,
  OTHER_MEMBERS,
  readMembers,
} from "../../../src/aggregator/parse/members.ts";
import { LIMB, REASONS } from "../../../src/aggregator/aggregate/partial.ts";
import { Batch } from "../../../src/aggregator/parse/scanner.ts";
import { judgeMessage } from "../../support/messages/reference_parser.ts";
import { message } from "../../support/messages/message_arbitraries.ts";

const encoder = new TextEncoder();

/**
 * Returns what readMembers makes of an object between other bytes; undefined if it leaves the object to
 * json.ts.
 */
function read(text: string, after = "000"): unknown {
  const { bytes, view } = Batch.of(encoder.encode(`{"A1":7,${text}${after}`));
  const end = bytes.length - after.length;
  const behind = readMembers(bytes, view, 8, end);
  if (behind === OTHER_MEMBERS) return undefined;
  assert.equal(bytes.subarray(behind, end).length, text.length - text.lastIndexOf("}") - 1);
  const kinds = [...memberKinds];
  if (kinds.includes(NOT_INTEGER)) return REASONS[NOT_INTEGER];
  const other = kinds.find((kind) => kind !== INTEGER);
  if (other !== undefined) return REASONS[other];
  assert.ok(memberLimbs.every((limb) => Number.isSafeInteger(limb) && !Object.is(limb, -0)));
  const [A1, A2, A3] = [0, 2, 4].map((at) =>
    BigInt(memberLimbs[at]!) * BigInt(LIMB) + BigInt(memberLimbs[at + 1]!)
  );
  return { A1, A2, A3 };
}

for (
  const value of [
    ...["0", "-0", "9", "-12345678", "999999999", "1234567890", "100000000000000001", "999999999999999999"],
    ...[
      "-9223372036854775808",
      "9223372036854775808",
      "1.0",
      "-0.00",
      "120.000",
      "1.5",
      "2e0",
      "1e-1",
      "1.0e1",
    ],
    ...["1000000000.0", "12345678901234567.00", "0.0000000000000000000001e22"],
    ...["0e0", "-0e6", "1.0e0", "1e00", "1e-0", "2E+6", "1e7", "1.000E6", "-123456789e6", "123456789.0e+06"],
    ...[
      "1000000000e0",
      "1000000000e1",
      "100000000000000000.0",
      "-123456789012345678e0",
      "123456789012345678e1",
    ],
    // Each length, up to 20 digits, which no int64 has; also with zeros where the words and limbs meet.
    ...Array.from({ length: 20 }, (_, digits) => "98765432109876543210".slice(0, digits + 1)),
    ...Array.from({ length: 20 }, (_, zeros) => `-1${"0".repeat(zeros)}`),
    ...Array.from({ length: 19 }, (_, zeros) => `7${"0".repeat(zeros)}3`),
  ]
) {
  Deno.test({
    name: `readMembers: ${value} is read`,
    permissions: "none",
    fn() {
      const text = `{"A1":1,"A3":${value} ,\t"A2": ${value}} \r`;
      assert.deepEqual(read(text), judgeMessage(encoder.encode(text)));
    },
  });
}

for (
  const text of [
    ...["01", "-", "00.0", "1.", "1e", "000000000000000000001", "1 2", "--1", '"1"', "null", "", "+1"]
      .map((value) => `{"A1":1,"A2":${value},"A3":3}`),
    ...[
      "012345678901234567",
      "-000000000000000001",
      "123456789012345678.",
      "123456789012345678:",
      "01e0",
      "1e+",
    ]
      .map((value) => `{"A1":1,"A2":${value},"A3":3}`),
    ...[
      "1.0e",
      "1.0.0",
      "1e0.0",
      "1 .0",
      "1.0 e0",
      "1e 0",
      "12345678901234567 8",
      "12345678/012345678",
      "1e6e",
    ]
      .map((value) => `{"A1":1,"A2":${value},"A3":3}`),
    ...['{"A1":1,"A2":2}', '{"A1":1,"A2":2,"A3":3,"A1":4}', '{"A4":1,"A2":2,"A3":3}', '{"B1":1}', "{}", "{"],
    ...['{"A1":1,"A2":2,"A3":3', '{"A1":1,"A2":2,"A3":3]', '{"A1":1,"A2":2,"A3":', '{"A1":1,"A2":2,"A3":0'],
  ]
) {
  Deno.test({
    name: `readMembers: ${text} is left to json.ts`,
    permissions: "none",
    fn: () => assert.equal(read(text, "}"), undefined),
  });
}

Deno.test({
  name: "readMembers: a message that is read has the values or the reason of the reference parser",
  permissions: "none",
  fn() {
    fc.assert(
      fc.property(message, (text) => {
        const found = text.startsWith("{") ? read(text) : undefined;
        if (found !== undefined) assert.deepEqual(found, judgeMessage(encoder.encode(text)));
      }),
      { numRuns: 20_000 },
    );
  },
});
