/**
 * In which order destinations take their turns, so that after any number of turns each has had its share, but for less
 * than one turn.
 *
 * @module
 */

/** The longest order, in turns: one byte each. */
export const CYCLE_TURNS_MAX = 65_536;

/** The weights with what they have in common divided out. */
export function reduced(weights: readonly number[]): number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  return divisor === 0 ? [...weights] : weights.map((weight) => weight / divisor);
}

function greatestCommonDivisor(one: number, other: number): number {
  while (other !== 0) [one, other] = [other, one % other];
  return one;
}

/** The turns after which the order begins anew. */
export const cycleOf = (weights: readonly number[]): number =>
  reduced(weights).reduce((sum, weight) => sum + weight, 0);

/** Weights in about the same ratio whose cycle is no longer than `turns`; none that is above 0 becomes 0. */
export function roundedTo(turns: number, weights: readonly number[]): number[] {
  const exact = reduced(weights);
  const cycle = exact.reduce((sum, weight) => sum + weight, 0);
  if (cycle <= turns) return exact;
  const scale = (turns - exact.length) / cycle;
  return exact.map((weight) => weight === 0 ? 0 : Math.max(1, Math.round(weight * scale)));
}

/**
 * The destination of each turn of a cycle, by its index in `weights`. Earliest deadline first among those that are due
 * (Tijdeman, "The chairman assignment problem", 1980): of n destinations, each has had its share after any number of
 * turns, but for at most 1 − 1/(2n − 2) turns. No order can do better for all weights.
 *
 * @throws {RangeError} No weight is above 0, or the cycle is longer than {@linkcode CYCLE_TURNS_MAX}.
 */
export function turnOrder(weights: readonly number[]): Uint8Array<SharedArrayBuffer> {
  const shares = reduced(weights);
  const cycle = shares.reduce((sum, weight) => sum + weight, 0);
  if (cycle === 0 || cycle > CYCLE_TURNS_MAX) throw new RangeError(`An order can't have ${cycle} turns`);
  const order = new Uint8Array(new SharedArrayBuffer(cycle));
  const taking = shares.flatMap((weight, destination) => weight > 0 ? [destination] : []);
  if (taking.length === 1) return order.fill(taking[0]!);
  const taken = new Float64Array(shares.length);
  const grain = 2 * taking.length - 2;
  for (let turn = 1; turn <= cycle; turn++) {
    let next = -1;
    let earliest = Infinity;
    for (const destination of taking) {
      const weight = shares[destination]!;
      const had = taken[destination]!;
      // All of it in whole numbers, times the cycle and the grain: the comparison is exact.
      if (grain * (turn * weight - had * cycle) < cycle) continue;
      const deadline = (had * grain + grain - 1) / weight;
      if (deadline < earliest) [next, earliest] = [destination, deadline];
    }
    order[turn - 1] = next;
    taken[next]!++;
  }
  return order;
}
