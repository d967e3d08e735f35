import { CYCLE_TURNS_MAX, cycleOf, roundedTo, turnOrder } from "./turn_order.ts";

/**
 * How turns are distributed over the destinations; destination 0 is the origin. Can be posted to a worker.
 */
export interface Shares {
  /** By destination; at least one is above 0. */
  readonly weights: readonly number[];
  /** The destination of each turn of a cycle; undefined if at most one CDN has a weight above 0. */
  readonly order: Uint8Array<SharedArrayBuffer> | undefined;
  /** Without `order`: the CDN with a weight above 0; 0: there is none. */
  readonly cdn: number;
}

/**
 * Makes the shares for some weights.
 *
 * @param weights by destination, the origin first; at least one is above 0
 */
export function sharesOf(weights: readonly number[]): Shares {
  const cdns = weights.flatMap((weight, at) => at > 0 && weight > 0 ? [at] : []);
  if (cdns.length < 2) return { weights, order: undefined, cdn: cdns[0] ?? 0 };
  const exact = cycleOf(weights) <= CYCLE_TURNS_MAX;
  // The rules of routes keep the cycle of configured weights within the limit. During a slow start it may be
  // longer.
  return { weights, order: turnOrder(exact ? weights : roundedTo(CYCLE_TURNS_MAX, weights)), cdn: 0 };
}

/**
 * The destination of a turn.
 *
 * @param turn its number; the first turn is 1
 */
export function destinationOf({ order, cdn, weights }: Shares, turn: bigint): number {
  if (order !== undefined) return order[Number((turn - 1n) % BigInt(order.length))]!;
  if (cdn === 0) return 0;
  return isOriginTurn(turn, weights[cdn]!, weights[0]!) ? 0 : cdn;
}

/**
 * Whether turn k goes to the origin: ⌊k·o/(c+o)⌋ > ⌊(k-1)·o/(c+o)⌋, which spreads the origin's turns evenly.
 * This equals k·o mod (c+o) < o, where k may be replaced by k mod (c+o). So no product reaches 2^53, and
 * every number is exact.
 *
 * @param turn its number k; the first turn is 1
 */
export function isOriginTurn(turn: bigint, cdnWeight: number, originWeight: number): boolean {
  const cycle = cdnWeight + originWeight;
  return Number(turn % BigInt(cycle)) * originWeight % cycle < originWeight;
}
