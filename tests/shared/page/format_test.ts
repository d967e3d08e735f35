import assert from "node:assert/strict";
import * as format from "../../../src/shared/page/format.js";

type Formatter = (value: number | null | undefined) => string;

const TABLES: [formatter: Formatter, rows: [value: number | null | undefined, text: string][]][] = [
  [format.count, [[0, "0"], [1234567, "1,234,567"], [-5, "-5"], [null, "–"], [undefined, "–"], [NaN, "–"]]],
  [format.short, [
    [0, "0"],
    [9999, "9,999"],
    [10_000, "10 k"],
    [12_345, "12.3 k"],
    [-12_345, "-12.3 k"],
    [1.2345, "1.23"],
    [65_534, "65.5 k"],
    [3.34e6, "3.34 M"],
    [2 ** 63, "9.22 E"],
    [null, "–"],
  ]],
  [format.rate, [
    [0, "0"],
    [0.02, "0.02"],
    [0.5, "0.5"],
    [9.94, "9.9"],
    [2854.6, "2,855"],
    [200_000, "200 k"],
    [null, "–"],
  ]],
  [format.bytes, [[0, "0 B"], [1023, "1,020 B"], [1536, "1.5 KiB"], [114_245_632, "109 MiB"], [null, "–"]]],
  [format.duration, [
    [0, "0.0 s"],
    [9.96, "10.0 s"],
    [59.9, "59 s"],
    [61, "1 min"],
    [3600, "1 h 0 min"],
    [90_000, "1 d 1 h"],
    [null, "–"],
  ]],
  [format.percent, [[0, "0.0 %"], [0.1234, "12.3 %"], [null, "–"]]],
];

for (const [formatter, rows] of TABLES) {
  Deno.test({
    name: `page format: ${formatter.name}`,
    permissions: "none",
    fn: () => rows.forEach(([value, text]) => assert.equal(formatter(value), text, String(value))),
  });
}

Deno.test({
  name: "page format: an integer beyond 2^53 keeps all its digits",
  permissions: "none",
  fn: () =>
    assert.equal(
      format.count("-170141183460469231731687303715884105728").replaceAll(",", ""),
      "-170141183460469231731687303715884105728",
    ),
});

Deno.test({
  name: "page format: the time of day is in the reader's time zone",
  permissions: "none",
  fn() {
    const date = new Date(2026, 0, 2, 3, 4, 5);
    assert.equal(format.timeOfDay(date.getTime() / 1000), "03:04");
    assert.equal(format.timeOfDay(date.getTime() / 1000, true), "03:04:05");
  },
});
