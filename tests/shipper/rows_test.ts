import assert from "node:assert/strict";
import fc from "fast-check";
import { gridEndSeconds, type LineRecord } from "../../src/shipper/lines.ts";
import { columnArrays, copyText, dateOf, daysOf, literal, seenIn, spansOf } from "../../src/shipper/rows.ts";

const RECORD: LineRecord = {
  offset: 7,
  endSeconds: 1_795_262_403,
  windowSeconds: 10,
  sum: "1",
  max: "2",
  min: "-3",
  partial: true,
  recovered: false,
  messages: undefined,
};

function test(name: string, fn: () => void): void {
  Deno.test({ name: `rows: ${name}`, permissions: "none", fn });
}

test("a record is written in the format of COPY, and as arrays of columns", () => {
  assert.equal(
    new TextDecoder().decode(copyText("a\\b", "id", [RECORD, { ...RECORD, messages: "4", partial: false }])),
    "a\\\\b\t10s\t2026-11-21 12:00:03+00\t2026-11-21 12:00:10+00\t10\t1\t2\t-3\tt\tf\t\\N\tf\tid\t7\n" +
      "a\\\\b\t10s\t2026-11-21 12:00:03+00\t2026-11-21 12:00:10+00\t10\t1\t2\t-3\tf\tf\t4\tf\tid\t7\n",
  );
  assert.deepEqual(columnArrays([RECORD, { ...RECORD, messages: "0" }]), [
    "{7,7}",
    "{10,10}",
    "{1795262403,1795262403}",
    "{1795262410,1795262410}",
    "{1,1}",
    "{2,2}",
    "{-3,-3}",
    "{true,true}",
    "{false,true}",
    "{null,0}",
    "{false,false}",
  ]);
  assert.equal(literal("o'\\n"), "E'o''\\\\n'");
});

const record = fc.record({
  endSeconds: fc.integer({ min: 0, max: 200_000 }),
  windowSeconds: fc.constantFrom(1, 10, 60, 7000),
})
  .map((some): LineRecord => ({ ...RECORD, ...some }));

test("every window ends in one of the spans, which are whole minutes or hours", () => {
  fc.assert(fc.property(fc.array(record), fc.nat(300_000), (records, nowSeconds) => {
    const spans = spansOf(records, nowSeconds);
    for (const each of records) {
      const end = gridEndSeconds(each);
      assert.ok(spans.some(([low, high]) => low <= end && end < high));
    }
    for (const [low, high] of spans) {
      assert.ok((low % 60 === 0 && high - low === 60) || (low % 3600 === 0 && high - low === 3600));
    }
  }));
});

test("the first and last window of each length and every day are found", () => {
  fc.assert(fc.property(fc.array(record), (records) => {
    const seen = seenIn(records);
    for (const [windowSeconds, first, last] of seen) {
      const ends = records.filter((each) => each.windowSeconds === windowSeconds).map(gridEndSeconds);
      assert.deepEqual([first, last], [Math.min(...ends), Math.max(...ends)]);
    }
    assert.equal(seen.length, new Set(records.map((each) => each.windowSeconds)).size);
    for (const each of records) assert.ok(daysOf(records).has(Math.floor(gridEndSeconds(each) / 86_400)));
  }));
  assert.equal(dateOf(0), "1970-01-01");
  assert.equal(dateOf(20_778), "2026-11-21");
});
