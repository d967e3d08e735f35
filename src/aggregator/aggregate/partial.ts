/** Why a message is rejected. An {@linkcode Accumulator} names a reason by its index in this list. */
export const REASONS = [
  "empty",
  "truncated",
  "syntax",
  "missing_field",
  "not_integer",
  "out_of_range",
] as const;

export type Reason = typeof REASONS[number];

/** Counters, sum, maximum and minimum of some messages, exact at any size. */
export interface Totals {
  /** Datagrams read from the sockets. */
  received: number;
  /** Messages added up. */
  accepted: number;
  /** Messages rejected, by reason. */
  rejected: Record<Reason, number>;
  /** Sum of A1. */
  sum: bigint;
  /** Maximum of A2; undefined: no message was accepted. */
  max: bigint | undefined;
  /** Minimum of A3; undefined: no message was accepted. */
  min: bigint | undefined;
}

/*
 * A partial is 18 float64 cells, each an exact integer:
 *
 *   received  accepted  rejected × 6 | sum  max  min | sum: top high low  max: high low  min: high low
 *   counters                           small values    wide values, in limbs of base 10^9
 *
 * Small values are below 10^15. If one value of a message is larger, all three go to the wide cells. Wide values are
 * limbs and not BigInts, because a BigInt is allocated, and no message may cause an allocation.
 */
const enum Cell {
  Received,
  Accepted,
  Rejected,
  Sum = Rejected + 6,
  Max,
  Min,
  WideSum,
  WideMax = WideSum + 3,
  WideMin = WideMax + 2,
  Count = WideMin + 2,
}

/** Values for {@linkcode Accumulator.addSmall} are greater than -SMALL_LIMIT and less than SMALL_LIMIT. */
export const SMALL_LIMIT = 1e15;
/** A wide value is `high × LIMB + low`; neither part has the opposite sign of the value. */
export const LIMB = 1e9;
/** A sum of up to this size plus a small value stays below 2^53, so it is exact. */
const SUM_LIMIT = 8e15;

function emptyCells(): Float64Array<ArrayBuffer> {
  const cells = new Float64Array(Cell.Count);
  cells[Cell.Max] = cells[Cell.WideMax] = -Infinity;
  cells[Cell.Min] = cells[Cell.WideMin] = Infinity;
  return cells;
}

const EMPTY = emptyCells();

/**
 * Adds up messages into one transferable buffer: what a worker has read since it last handed over. Only
 * `take` allocates memory.
 */
export class Accumulator {
  #cells = emptyCells();

  /** Whether nothing was received, accepted or rejected since the last {@linkcode take}. */
  get isEmpty(): boolean {
    return this.#cells.subarray(0, Cell.Sum).every((count) => count === 0);
  }

  /** Counts one datagram. */
  receive(): void {
    this.#cells[Cell.Received]! += 1;
  }

  /** Counts rejected messages. `reason` is an index into {@linkcode REASONS}. */
  reject(reason: number, messages = 1): void {
    this.#cells[Cell.Rejected + reason]! += messages;
  }

  /** How many messages were rejected for a reason since the last {@linkcode take}. */
  rejected(reason: number): number {
    return this.#cells[Cell.Rejected + reason]!;
  }

  /**
   * Adds one message, or several that were combined before: the sum of their A1, the maximum of A2, the
   * minimum of A3. All three are integers between ±{@linkcode SMALL_LIMIT}, exclusive, and not -0.
   */
  addSmall(sum: number, max: number, min: number, messages = 1): void {
    const cells = this.#cells;
    cells[Cell.Accepted]! += messages;
    const sumOfAll = cells[Cell.Sum]! + sum;
    cells[Cell.Sum] = sumOfAll;
    if (sumOfAll > SUM_LIMIT || sumOfAll < -SUM_LIMIT) this.#spillSum();
    if (max > cells[Cell.Max]!) cells[Cell.Max] = max;
    if (min < cells[Cell.Min]!) cells[Cell.Min] = min;
  }

  /** Adds one message of 64-bit integers. `limbs`: high and low of A1, then of A2, then of A3. */
  addWide(limbs: Float64Array): void {
    const cells = this.#cells;
    cells[Cell.Accepted]! += 1;
    this.#addToWideSum(limbs[0]!, limbs[1]!);
    this.#addToWideBounds(limbs, 2, 4);
  }

  /** Adds the contents of another accumulator. */
  addAll(from: Accumulator): void {
    from.#spillSum();
    const [cells, others] = [this.#cells, from.#cells];
    for (let cell = 0; cell < Cell.Sum; cell++) cells[cell]! += others[cell]!;
    if (others[Cell.Max]! > cells[Cell.Max]!) cells[Cell.Max] = others[Cell.Max]!;
    if (others[Cell.Min]! < cells[Cell.Min]!) cells[Cell.Min] = others[Cell.Min]!;
    cells[Cell.WideSum]! += others[Cell.WideSum]!;
    this.#addToWideSum(others[Cell.WideSum + 1]!, others[Cell.WideSum + 2]!);
    this.#addToWideBounds(others, Cell.WideMax, Cell.WideMin);
  }

  /** Makes the accumulator empty. */
  clear(): void {
    const cells = this.#cells;
    // Measured once: with cells.set(EMPTY), scanning an array of one message took 1.3 times as long.
    for (let cell = 0; cell < Cell.Count; cell++) cells[cell] = EMPTY[cell]!;
  }

  /** Returns the contents, for {@linkcode totalsOf}, and makes the accumulator empty. */
  take(): ArrayBuffer {
    const { buffer } = this.#cells;
    this.#cells = emptyCells();
    return buffer;
  }

  /** Updates the wide maximum with the limbs at index `maxAt`, and the wide minimum with those at `minAt`. */
  #addToWideBounds(limbs: Float64Array, maxAt: number, minAt: number): void {
    const cells = this.#cells;
    if (compareLimbs(limbs, maxAt, cells, Cell.WideMax) > 0) {
      cells[Cell.WideMax] = limbs[maxAt]!;
      cells[Cell.WideMax + 1] = limbs[maxAt + 1]!;
    }
    if (compareLimbs(limbs, minAt, cells, Cell.WideMin) < 0) {
      cells[Cell.WideMin] = limbs[minAt]!;
      cells[Cell.WideMin + 1] = limbs[minAt + 1]!;
    }
  }

  #spillSum(): void {
    const sum = this.#cells[Cell.Sum]!;
    this.#cells[Cell.Sum] = 0;
    const low = sum % LIMB;
    this.#addToWideSum((sum - low) / LIMB, low);
  }

  #addToWideSum(high: number, low: number): void {
    const cells = this.#cells;
    cells[Cell.WideSum + 1]! += high;
    cells[Cell.WideSum + 2]! += low;
    if (Math.abs(cells[Cell.WideSum + 1]!) > SUM_LIMIT || Math.abs(cells[Cell.WideSum + 2]!) > SUM_LIMIT) {
      carry(cells, Cell.WideSum + 2);
      carry(cells, Cell.WideSum + 1);
    }
  }
}

/**
 * Carries into the next higher limb. Exact even if the quotient is rounded: it is subtracted here as well.
 */
function carry(cells: Float64Array, place: number): void {
  const limbs = Math.trunc(cells[place]! / LIMB);
  cells[place]! -= limbs * LIMB;
  cells[place - 1]! += limbs;
}

function compareLimbs(a: Float64Array, aAt: number, b: Float64Array, bAt: number): number {
  return a[aAt]! - b[bAt]! || a[aAt + 1]! - b[bAt + 1]!;
}

/** Returns the totals of no messages. */
export function emptyTotals(): Totals {
  return {
    received: 0,
    accepted: 0,
    rejected: { empty: 0, truncated: 0, syntax: 0, missing_field: 0, not_integer: 0, out_of_range: 0 },
    sum: 0n,
    max: undefined,
    min: undefined,
  };
}

/**
 * Reads a buffer from {@linkcode Accumulator.take}.
 *
 * @throws {RangeError} The buffer's size is not that of a partial. It is 0 if the buffer was transferred.
 */
export function totalsOf(buffer: ArrayBuffer): Totals {
  const bytes = Cell.Count * Float64Array.BYTES_PER_ELEMENT;
  if (buffer.byteLength !== bytes) {
    throw new RangeError(
      `A partial is ${bytes} bytes long, not ${buffer.byteLength}: pass what take() returned`,
    );
  }
  const cells = new Float64Array(buffer);
  const totals = emptyTotals();
  totals.received = cells[Cell.Received]!;
  totals.accepted = cells[Cell.Accepted]!;
  REASONS.forEach((reason, index) => totals.rejected[reason] = cells[Cell.Rejected + index]!);
  const wideSum = wholeOf(cells.subarray(Cell.WideSum, Cell.WideMax));
  totals.sum = wholeOf(cells.subarray(Cell.Sum, Cell.Max))! + wideSum!;
  totals.max = larger(
    wholeOf(cells.subarray(Cell.Max, Cell.Min)),
    wholeOf(cells.subarray(Cell.WideMax, Cell.WideMin)),
  );
  totals.min = smaller(
    wholeOf(cells.subarray(Cell.Min, Cell.WideSum)),
    wholeOf(cells.subarray(Cell.WideMin, Cell.Count)),
  );
  return totals;
}

/** Adds `from` to `into`. The order of merging makes no difference. */
export function mergeTotals(into: Totals, from: Totals): void {
  into.received += from.received;
  into.accepted += from.accepted;
  for (const reason of REASONS) into.rejected[reason] += from.rejected[reason];
  into.sum += from.sum;
  into.max = larger(into.max, from.max);
  into.min = smaller(into.min, from.min);
}

/**
 * Converts limbs, highest first, to an integer. Undefined for infinity, which marks an empty maximum or
 * minimum.
 */
function wholeOf(limbs: Float64Array): bigint | undefined {
  if (!Number.isFinite(limbs[0]!)) return undefined;
  return limbs.reduce((whole, limb) => whole * BigInt(LIMB) + BigInt(limb), 0n);
}

function larger(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function smaller(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}
