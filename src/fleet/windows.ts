/** A window of the whole fleet. `sum`, `max` and `min` are decimal text, so that no digit is lost. */
export interface FleetWindow {
  readonly endSeconds: number;
  readonly countType: string;
  readonly sum: string;
  readonly max: string;
  readonly min: string;
  readonly instances: number;
  readonly partialInstances: number;
  readonly missingInstances: number;
  readonly unaligned: number;
}

/**
 * Formats a window as a line of an aggregator's file, followed by the fleet's counts: `instances` always,
 * each other count unless it is 0.
 */
export function windowLine(window: FleetWindow): string {
  const { endSeconds, countType, sum, max, min, instances, ...rest } = window;
  const { partialInstances, missingInstances, unaligned } = rest;
  const more = [["partial_instances", partialInstances], ["missing_instances", missingInstances], [
    "unaligned",
    unaligned,
  ]]
    .filter(([, count]) => count !== 0).map(([name, count]) => `, "${name}":${count}`).join("");
  return `{"timestamp":${endSeconds}, "count_type":"${countType}", "A1_sum": ${sum}, "A2_max":${max}, ` +
    `"A3_min": ${min}, "instances":${instances}${more}}`;
}

const COLUMNS: readonly (readonly [head: string, value: (window: FleetWindow) => string])[] = [
  ["end", ({ endSeconds }) => new Date(endSeconds * 1000).toISOString().replace(".000Z", "Z")],
  ["type", ({ countType }) => countType],
  ["A1_sum", ({ sum }) => sum],
  ["A2_max", ({ max }) => max],
  ["A3_min", ({ min }) => min],
  ["instances", ({ instances }) => String(instances)],
  ["partial", ({ partialInstances }) => String(partialInstances)],
  ["missing", ({ missingInstances }) => String(missingInstances)],
];

/** Formats windows as a table: a header, then a line per window, with numbers aligned to the right. */
export function windowTable(windows: readonly FleetWindow[]): string[] {
  const rows = [
    COLUMNS.map(([head]) => head),
    ...windows.map((each) => COLUMNS.map(([, value]) => value(each))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join(
      "  ",
    )
  );
}

/**
 * Chooses what `--follow` prints: each window once it is complete or the wait for it is over, and again
 * whenever its line has changed.
 */
export class Following {
  readonly #waitSeconds: number;
  /** The line last printed for each window that may still change, keyed by the window's end and length. */
  readonly #printed = new Map<string, string>();

  constructor(waitSeconds: number) {
    this.#waitSeconds = waitSeconds;
  }

  /**
   * Returns the windows to print now.
   *
   * @param windows the windows that may still change, oldest first; others are forgotten
   */
  next(windows: readonly FleetWindow[], nowSeconds: number): FleetWindow[] {
    const keys = new Set(windows.map(keyOf));
    for (const key of this.#printed.keys()) if (!keys.has(key)) this.#printed.delete(key);
    return windows.filter((window) => {
      const isDue = window.missingInstances === 0 || window.endSeconds + this.#waitSeconds <= nowSeconds;
      const line = windowLine(window);
      if (!isDue || this.#printed.get(keyOf(window)) === line) return false;
      this.#printed.set(keyOf(window), line);
      return true;
    });
  }
}

const keyOf = ({ endSeconds, countType }: FleetWindow): string => `${endSeconds} ${countType}`;
