import assert from "node:assert/strict";
import fc from "fast-check";
import { recordLine } from "../../src/aggregator/write/record.ts";
import {
  gridEndSeconds,
  isEmpty,
  isUnaligned,
  LINE_BYTES_MAX,
  type LineRecord,
  readLines,
  REJECTED_CHARS_MAX,
} from "../../src/shipper/lines.ts";

function test(name: string, fn: () => void): void {
  Deno.test({ name: `lines: ${name}`, permissions: "none", fn });
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const LINE = '{"timestamp":123456760, "count_type":"10s", "A1_sum": 21, "A2_max":40, "A3_min": -100}';
const RECORD: LineRecord = {
  offset: 0,
  endSeconds: 123456760,
  windowSeconds: 10,
  sum: "21",
  max: "40",
  min: "-100",
  partial: false,
  recovered: false,
  messages: undefined,
};

const ACCEPTED: readonly (readonly [line: string, record: Partial<LineRecord>])[] = [
  [LINE, {}],
  [`${LINE}\r`, {}],
  [LINE.replaceAll(", ", ",").replaceAll(": ", ":"), {}],
  [LINE.replace("}", ', "partial":true}'), { partial: true }],
  [LINE.replace("}", ', "partial":false}'), {}],
  [LINE.replace("}", ', "messages":3, "recovered":true}'), { messages: "3", recovered: true }],
  [LINE.replace("}", ', "new":"a b", "other":null, "minus":-1}'), {}],
  [LINE.replace("21", "9".repeat(40)), { sum: "9".repeat(40) }],
  [LINE.replace("123456760", "0"), { endSeconds: 0 }],
  [LINE.replace("10s", "86400s"), { windowSeconds: 86400 }],
];

test("records are read in the aggregator's format, and in extensions of this format", () => {
  for (const [line, record] of ACCEPTED) {
    const { records, rejected, bytes } = readLines(bytesOf(`${line}\n`), 7);
    assert.deepEqual([records, rejected], [[{ ...RECORD, ...record, offset: 7 }], []], line);
    assert.equal(bytes, line.length + 1);
  }
});

const REJECTED: readonly (readonly [line: string, reason: string])[] = [
  ["", "syntax"],
  ["{}", "syntax"],
  ["\0\x1b[2J", "syntax"],
  [LINE.slice(1), "syntax"],
  [LINE.slice(0, -1), "syntax"],
  [`${LINE}${LINE}`, "syntax"],
  [`${LINE} `, "syntax"],
  [LINE.replace("21", "2.1"), "syntax"],
  [LINE.replace("21", "9".repeat(41)), "syntax"],
  [LINE.replace("21", '"21"'), "syntax"],
  [LINE.replace("10s", "0s"), "syntax"],
  [LINE.replace("10s", "1m"), "syntax"],
  [LINE.replace("}", ', "a":{}}'), "syntax"],
  [LINE.replace("10s", "86401s"), "out_of_range"],
  [LINE.replace("123456760", "4102444801"), "out_of_range"],
  ["x".repeat(LINE_BYTES_MAX), "too_long"],
];

test("an invalid line is reported with its offset and its beginning, and other lines are read", () => {
  for (const [line, reason] of REJECTED) {
    const { records, rejected } = readLines(bytesOf(`${LINE}\n${line}\n${LINE}\n`), 0);
    const offset = LINE.length + 1;
    assert.deepEqual(records.map((each) => each.offset), [0, offset + line.length + 1], line);
    assert.deepEqual(rejected.map((each) => [each.offset, each.reason]), [[offset, reason]], line);
    assert.match(rejected[0]!.text, /^[\x20-\x7e\xa0-\xff]*$/);
    assert.ok(rejected[0]!.text.length <= REJECTED_CHARS_MAX * 4);
  }
});

test("an incomplete line is left for later; one that is too long is skipped up to its end", () => {
  assert.deepEqual(readLines(bytesOf(LINE), 0), { records: [], rejected: [], bytes: 0 });
  const long = bytesOf("x".repeat(LINE_BYTES_MAX));
  assert.equal(readLines(long, 0).bytes, LINE_BYTES_MAX);
  assert.deepEqual(readLines(long, 9, true), { records: [], rejected: [], bytes: LINE_BYTES_MAX });
  const { records, rejected, bytes } = readLines(bytesOf(`yy\n${LINE}\n`), 0, true);
  assert.deepEqual([records, rejected, bytes], [[{ ...RECORD, offset: 3 }], [], LINE.length + 4]);
});

test("a file that is read in pieces gives the same records as the whole file", () => {
  const piece = fc.oneof(fc.constant(`${LINE}\n`), fc.string({ maxLength: 30 }).map((text) => `${text}\n`));
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 20 }),
      fc.array(fc.nat(200), { maxLength: 20 }),
      (pieces, cuts) => {
        const bytes = bytesOf(pieces.join(""));
        const whole = readLines(bytes, 0);
        assert.equal(whole.bytes, bytes.length);
        const [records, rejected]: [unknown[], unknown[]] = [[], []];
        let from = 0;
        for (const end of [...cuts.map((cut) => cut * 3).sort((a, b) => a - b), bytes.length]) {
          const read = readLines(bytes.subarray(from, Math.max(from, end)), from);
          records.push(...read.records);
          rejected.push(...read.rejected);
          from += read.bytes;
        }
        assert.deepEqual([records, rejected], [whole.records, whole.rejected]);
      },
    ),
  );
});

test("every line that the aggregator writes is read back exactly", () => {
  const window = fc.record({
    timestampSeconds: fc.integer({ min: 0, max: 4_102_444_800 }),
    lengthSeconds: fc.integer({ min: 1, max: 86_400 }),
    sum: fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }),
    max: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    min: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    partial: fc.boolean(),
  });
  fc.assert(fc.property(window, (closed) => {
    const [record] = readLines(bytesOf(recordLine(closed)), 0).records;
    const { timestampSeconds: endSeconds, lengthSeconds: windowSeconds, partial } = closed;
    const [sum, max, min] = [closed.sum, closed.max, closed.min].map(String);
    assert.deepEqual(record, { ...RECORD, endSeconds, windowSeconds, sum, max, min, partial });
  }));
});

test("windows end on a grid of Unix time, and only a partial record may end elsewhere", () => {
  for (
    const [endSeconds, partial, grid, unaligned] of [
      [1000, false, 1000, false],
      [1001, false, 1010, true],
      [1001, true, 1010, false],
      [0, false, 0, false],
    ] as const
  ) {
    const record = { ...RECORD, endSeconds, partial };
    assert.deepEqual([gridEndSeconds(record), isUnaligned(record)], [grid, unaligned]);
  }
});

test("a window is empty if it has 0 messages, or only zeros and no number of messages", () => {
  const zeros = { ...RECORD, sum: "0", max: "0", min: "0" };
  assert.ok(isEmpty(zeros));
  assert.ok(!isEmpty({ ...zeros, min: "1" }));
  assert.ok(!isEmpty({ ...zeros, messages: "2" }));
  assert.ok(isEmpty({ ...zeros, messages: "0" }));
});
