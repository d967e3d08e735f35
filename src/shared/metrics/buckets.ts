/** What a histogram holds: how many values were at most each bound, not counting those of the bound before. */
export interface BucketCounts {
  /** Ascending upper bounds; one more count than bounds, for the values above the last. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/**
 * The value that so large a part of all is at most, as far as the bounds tell: within a bucket values are taken to lie
 * evenly. Null where there is none; the last bound for what is above it.
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

/** How many cells a histogram of these bounds takes. */
export const cellsOf = (bounds: readonly number[]): number => bounds.length + 2;

/**
 * A histogram in float64 cells that may lie in shared memory: a count for each bound, one for what is above, the sum.
 * One thread observes; others may read at any moment, and see each cell whole.
 */
export class Buckets {
  readonly #bounds: readonly number[];
  readonly #cells: Float64Array;

  /** @throws {RangeError} The cells are not as many as the bounds take. */
  constructor(bounds: readonly number[], cells: Float64Array = new Float64Array(cellsOf(bounds))) {
    if (cells.length !== cellsOf(bounds)) {
      throw new RangeError(
        `Cannot count in ${cells.length} cells: ${bounds.length} bounds take ${cellsOf(bounds)}`,
      );
    }
    this.#bounds = bounds;
    this.#cells = cells;
  }

  /** Counts `times` values of this size. Few bounds are looked at in their order faster than by halves. */
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
