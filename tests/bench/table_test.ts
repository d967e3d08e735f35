import assert from "node:assert/strict";
import type { Summary } from "./stats.ts";
import { fixed, integer, percent, renderTable } from "./table.ts";

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `bench table: ${name}`, permissions: "none", fn });

const one = (value: number) => ({ median: value, min: value, max: value });

test("a table aligns its columns, separates its loads, and shows min–max only where they differ", () => {
  const summaries: Summary[] = [
    {
      load: "flat",
      contender: "ours",
      runs: 5,
      figures: { ns: { median: 801.4, min: 790, max: 1234 }, loss: one(0) },
      ratios: { ns: { median: 1.05, min: 1, max: 1.101 } },
      toFirstLoad: one(1),
    },
    {
      load: "flat",
      contender: "c",
      runs: 5,
      figures: { ns: one(770), loss: one(1e-6), ms: one(4) },
      ratios: { ns: one(1), ms: one(2) },
      toFirstLoad: one(1),
    },
    {
      load: "16 sources",
      contender: "ours",
      runs: 1,
      figures: { ns: one(9) },
      ratios: {},
      toFirstLoad: one(0.01),
    },
  ];
  const table = renderTable(summaries, [
    { figure: "ns", title: "CPU ns", show: integer },
    { figure: "ms", title: "ms", show: integer, compared: true },
    { figure: "loss", title: "loss", show: percent },
  ]);
  assert.deepEqual(table.split("\n"), [
    "load        contender  runs  CPU ns           ratio             to flat  ms  ratio  loss",
    "flat        ours       5     801 (790–1,234)  1.05 (1.00–1.10)  1.00     -   -      0 %",
    "flat        c          5     770              1.00              1.00     4   2.00   0.0001 %",
    "",
    "16 sources  ours       1     9                -                 0.01     -   -      -",
  ]);
  const oneLoad = renderTable(summaries.slice(0, 2), [{ figure: "ns", title: "CPU ns", show: integer }]);
  assert.equal(oneLoad.split("\n")[0], "load  contender  runs  CPU ns           ratio");
});

for (
  const [text, expected] of [
    [percent(0), "0 %"],
    [percent(1), "100 %"],
    [percent(0.12345), "12.3 %"],
    [percent(1 / 3e6), "0.0000333 %"],
    [integer(1234567.8), "1,234,568"],
    [fixed(2)(1.005 + 1e-9), "1.01"],
  ]
) {
  test(`a figure is shown as ${expected}`, () => assert.equal(text, expected));
}
