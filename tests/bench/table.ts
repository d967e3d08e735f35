import type { Spread, Summary } from "./stats.ts";

/** How a figure is shown. */
export interface Column {
  /** The name of the figure. */
  readonly figure: string;
  readonly title: string;
  readonly show: (value: number) => string;
  /** Whether a column with the ratio to the baseline follows, as it always does after the first column. */
  readonly compared?: true;
}

export const integer = (value: number): string => Math.round(value).toLocaleString("en");
export const fixed = (digits: number) => (value: number): string => value.toFixed(digits);
/** Formats a percentage with three significant digits, so that one lost datagram in a million still shows. */
export const percent = (value: number): string =>
  value === 0 ? "0 %" : `${Number((value * 100).toPrecision(3))} %`;

function cell(spread: Spread | null | undefined, show: Column["show"]): string {
  if (!spread) return "-";
  const [median, min, max] = [show(spread.median), show(spread.min), show(spread.max)];
  return min === max ? median : `${median} (${min}–${max})`;
}

/**
 * Renders the summaries as lines of text, one block per load. A figure is shown as its median with min–max in
 * brackets. If there are several loads, a column compares the first figure with the first load's.
 */
export function renderTable(
  summaries: readonly Summary[],
  [first, ...others]: readonly [Column, ...Column[]],
): string {
  const loads = [...new Set(summaries.map(({ load }) => load))];
  type Cell = readonly [title: string, of: (summary: Summary) => string];
  const figure = ({ figure, title, show, compared }: Column): Cell[] => {
    const value: Cell = [title, ({ figures }) => cell(figures[figure], show)];
    return compared ? [value, ["ratio", ({ ratios }) => cell(ratios[figure], fixed(2))]] : [value];
  };
  const cells: Cell[] = [
    ["load", ({ load }) => load],
    ["contender", ({ contender }) => contender],
    ["runs", ({ runs }) => String(runs)],
    ...figure({ ...first, compared: true }),
    ...loads.slice(1, 2).map((): Cell => [`to ${loads[0]}`, (each) => cell(each.toFirstLoad, fixed(2))]),
    ...others.flatMap(figure),
  ];
  const head = cells.map(([title]) => title);
  const rows = summaries.map((summary) => cells.map(([, of]) => of(summary)));
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]) => cells.map((text, i) => text.padEnd(widths[i]!)).join("  ").trimEnd();
  return [
    line(head),
    ...rows.flatMap((row, i) => i === 0 || row[0] === rows[i - 1]![0] ? [line(row)] : ["", line(row)]),
  ].join("\n");
}
