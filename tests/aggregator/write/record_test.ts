import assert from "node:assert/strict";
import fc from "fast-check";
import { asBefore, detailedLine, recordLine, recoveredLine } from "../../../src/aggregator/write/record.ts";

function test(name: string, fn: () => void): void {
  Deno.test({ name: `record: ${name}`, permissions: "none", fn });
}

const WINDOW = {
  timestampSeconds: 123456710,
  lengthSeconds: 10,
  sum: 6n,
  max: 30n,
  min: 100n,
  partial: false,
};

test("has the spaces and the order of the specification", () => {
  const cases: [window: Parameters<typeof recordLine>[0], line: string][] = [
    [WINDOW, '{"timestamp":123456710, "count_type":"10s", "A1_sum": 6, "A2_max":30, "A3_min": 100}\n'],
    [
      { ...WINDOW, lengthSeconds: 60, partial: true },
      '{"timestamp":123456710, "count_type":"60s", "A1_sum": 6, "A2_max":30, "A3_min": 100, "partial":true}\n',
    ],
    [
      { ...WINDOW, sum: 2n ** 70n, max: 2n ** 63n - 1n, min: -(2n ** 63n) },
      '{"timestamp":123456710, "count_type":"10s", "A1_sum": 1180591620717411303424, ' +
      '"A2_max":9223372036854775807, "A3_min": -9223372036854775808}\n',
    ],
  ];
  for (const [window, line] of cases) assert.equal(recordLine(window), line);
});

test("may have a message count, and a mark that it was recovered after a kill", () => {
  const line = detailedLine({ ...WINDOW, messages: 3 });
  assert.equal(line, recordLine(WINDOW).replace("100}", '100, "messages":3}'));
  const left = recoveredLine(line);
  assert.equal(left, recordLine(WINDOW).replace("100}", '100, "messages":3, "recovered":true}'));
  for (const each of [line, left]) {
    assert.equal(asBefore(each), line);
    assert.equal(asBefore(each.trimEnd()), line.trimEnd());
  }
});

test("is one line of JSON with all digits of any sum", () => {
  fc.assert(fc.property(fc.bigInt(), fc.bigInt(), fc.bigInt(), fc.boolean(), (sum, max, min, partial) => {
    const line = recordLine({ ...WINDOW, sum, max, min, partial });
    assert.equal(line.indexOf("\n"), line.length - 1);
    const keys = ["timestamp", "count_type", "A1_sum", "A2_max", "A3_min", ...(partial ? ["partial"] : [])];
    assert.deepEqual(Object.keys(JSON.parse(line)), keys);
    assert.deepEqual(line.match(/-?\d+(?=[,}])/g)?.slice(1).map(BigInt), [sum, max, min]);
  }));
});
