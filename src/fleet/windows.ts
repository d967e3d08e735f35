/** A window of a whole fleet; whole numbers in all their digits. */
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
 * One line as in the file of an aggregator, and what is to be known of a fleet at its end; what is 0 is left out, but
 * for the number of instances.
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

/** A table for people, a line a window below a head; numbers to the right. */
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

/** Chooses what to print while time goes on: what is complete, or has been waited for; and again what has changed. */
export class Following {
  readonly #waitSeconds: number;
  /** What was printed of each window, by its end and length; those that may still change. */
  readonly #printed = new Map<string, string>();

  constructor(waitSeconds: number) {
    this.#waitSeconds = waitSeconds;
  }

  /** @param windows the newest ones, by their end */
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
