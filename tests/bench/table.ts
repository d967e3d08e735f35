import type { Spread, Summary } from "./stats.ts";

/** How a figure is shown. */
export interface Column {
  /** The name of the figure. */
  readonly figure: string;
  readonly title: string;
  readonly show: (value: number) => string;
}

export const integer = (value: number): string => Math.round(value).toLocaleString("en");
export const fixed = (digits: number) => (value: number): string => value.toFixed(digits);
/** Three significant digits of a percentage, so that one lost datagram in a million still shows. */
export const percent = (value: number): string =>
  value === 0 ? "0 %" : `${Number((value * 100).toPrecision(3))} %`;

function cell(spread: Spread | null | undefined, show: Column["show"]): string {
  if (!spread) return "-";
  const [median, min, max] = [show(spread.median), show(spread.min), show(spread.max)];
  return min === max ? median : `${median} (${min}–${max})`;
}

/** The summaries as lines of text, one block a load: each figure as its median and, in brackets, min–max. */
export function renderTable(summaries: readonly Summary[], columns: readonly Column[]): string {
  const [first, ...others] = columns;
  if (first === undefined) throw new RangeError("A table needs a column");
  const head = ["load", "contender", "runs", first.title, "ratio", ...others.map(({ title }) => title)];
  const rows = summaries.map(({ load, contender, runs, figures, ratio }) => [
    load,
    contender,
    String(runs),
    cell(figures[first.figure], first.show),
    cell(ratio, fixed(2)),
    ...others.map(({ figure, show }) => cell(figures[figure], show)),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]) => cells.map((text, i) => text.padEnd(widths[i]!)).join("  ").trimEnd();
  return [
    line(head),
    ...rows.flatMap((row, i) => i === 0 || row[0] === rows[i - 1]![0] ? [line(row)] : ["", line(row)]),
  ].join("\n");
}
