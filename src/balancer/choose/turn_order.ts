/**
 * The order in which destinations take their turns. After any number of turns, each destination's count
 * differs from its exact share by less than one turn.
 *
 * @module
 */

/** The most turns in an order. Each takes one byte. */
export const CYCLE_TURNS_MAX = 65_536;

/** The weights divided by their greatest common divisor. */
export function reduced(weights: readonly number[]): number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  return divisor === 0 ? [...weights] : weights.map((weight) => weight / divisor);
}

function greatestCommonDivisor(one: number, other: number): number {
  while (other !== 0) [one, other] = [other, one % other];
  return one;
}

/** The number of turns after which the order repeats. */
export const cycleOf = (weights: readonly number[]): number =>
  reduced(weights).reduce((sum, weight) => sum + weight, 0);

/** Weights in about the same ratio whose cycle has at most `turns` turns. A weight above 0 stays above 0. */
export function roundedTo(turns: number, weights: readonly number[]): number[] {
  const exact = reduced(weights);
  const cycle = exact.reduce((sum, weight) => sum + weight, 0);
  if (cycle <= turns) return exact;
  const scale = (turns - exact.length) / cycle;
  return exact.map((weight) => weight === 0 ? 0 : Math.max(1, Math.round(weight * scale)));
}

/**
 * Computes the destination of each turn of a cycle, as indexes of `weights`. Each turn goes to the
 * destination with the earliest deadline among those that are due (Tijdeman, "The chairman assignment
 * problem", 1980). With n destinations, the count of each differs from its exact share by at most 1 − 1/(2n −
 * 2) turns. No order does better for all weights.
 *
 * @throws {RangeError} No weight is above 0, or the cycle has more than {@linkcode CYCLE_TURNS_MAX} turns.
 */
export function turnOrder(weights: readonly number[]): Uint8Array<SharedArrayBuffer> {
  const shares = reduced(weights);
  const cycle = shares.reduce((sum, weight) => sum + weight, 0);
  if (cycle === 0 || cycle > CYCLE_TURNS_MAX) {
    throw new RangeError(`Cannot make an order of ${cycle} turns: give 1 to ${CYCLE_TURNS_MAX}`);
  }
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
      // Both sides are multiplied by the cycle and the grain, so all numbers are integers and the comparison
      // is exact.
      if (grain * (turn * weight - had * cycle) < cycle) continue;
      const deadline = (had * grain + grain - 1) / weight;
      if (deadline < earliest) [next, earliest] = [destination, deadline];
    }
    order[turn - 1] = next;
    taken[next]!++;
  }
  return order;
}
