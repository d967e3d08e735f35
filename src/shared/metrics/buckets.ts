/** The content of a histogram. */
export interface BucketCounts {
  /** Ascending upper bounds. */
  readonly bounds: readonly number[];
  /** Values above the bound before and at most this bound; the last count is of values above all bounds. */
  readonly counts: readonly number[];
  /** Sum of all values. */
  readonly sum: number;
}

/**
 * Estimates a quantile, as if the values were spread evenly within each bucket. Returns null if there are no
 * values, and the last bound for a quantile above it.
 *
 * @param part from 0 to 1: 0.5 is the median
 */
export function quantile({ bounds, counts }: Omit<BucketCounts, "sum">, part: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = part * total;
  for (const [i, bound] of bounds.entries()) {
    const count = counts[i]!;
    const low = bounds[i - 1] ?? 0;
    if (left <= count && count > 0) return low + (bound - low) * left / count;
    left -= count;
  }
  return bounds.at(-1)!;
}

/** Returns how many cells a histogram with these bounds takes. */
export const cellsOf = (bounds: readonly number[]): number => bounds.length + 2;

/**
 * A histogram in float64 cells that may lie in shared memory: a count for each bound, a count of larger
 * values, and the sum. One thread observes; others may read at any moment, and never see a half-written cell.
 */
export class Buckets {
  readonly #bounds: readonly number[];
  readonly #cells: Float64Array;

  /** @throws {RangeError} The number of cells does not fit the bounds. */
  constructor(bounds: readonly number[], cells: Float64Array = new Float64Array(cellsOf(bounds))) {
    if (cells.length !== cellsOf(bounds)) {
      throw new RangeError(
        `Cannot count in ${cells.length} cells: ${bounds.length} bounds take ${cellsOf(bounds)}`,
      );
    }
    this.#bounds = bounds;
    this.#cells = cells;
  }

  /** Counts a value `times` times. With few bounds, a linear search is faster than a binary one. */
  observe(value: number, times = 1): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    this.#cells[at]! += times;
    this.#cells[bounds.length + 1]! += value * times;
  }

  counts(): BucketCounts {
    const bounds = this.#bounds;
    const cells = [...this.#cells];
    return { bounds, counts: cells.slice(0, bounds.length + 1), sum: cells[bounds.length + 1]! };
  }
}
