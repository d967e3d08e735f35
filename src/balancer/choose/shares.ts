import { CYCLE_TURNS_MAX, cycleOf, roundedTo, turnOrder } from "./turn_order.ts";

/** How turns are dealt out to the origin, which is destination 0, and to CDNs. Can be posted to a worker. */
export interface Shares {
  /** By destination; one of them is above 0. */
  readonly weights: readonly number[];
  /** The destination of each turn of a cycle; undefined where there is at most one CDN. */
  readonly order: Uint8Array<SharedArrayBuffer> | undefined;
  /** The only CDN that takes turns; 0: there is none. */
  readonly cdn: number;
}

/** @param weights by destination, the origin first; one of them is above 0 */
export function sharesOf(weights: readonly number[]): Shares {
  const cdns = weights.flatMap((weight, at) => at > 0 && weight > 0 ? [at] : []);
  if (cdns.length < 2) return { weights, order: undefined, cdn: cdns[0] ?? 0 };
  const exact = cycleOf(weights) <= CYCLE_TURNS_MAX;
  // A route's own weights are always exact: its rules see to that. Those of a slow start need not be.
  return { weights, order: turnOrder(exact ? weights : roundedTo(CYCLE_TURNS_MAX, weights)), cdn: 0 };
}

/**
 * The destination of a turn.
 *
 * @param turn from 1
 */
export function destinationOf({ order, cdn, weights }: Shares, turn: bigint): number {
  if (order !== undefined) return order[Number((turn - 1n) % BigInt(order.length))]!;
  if (cdn === 0) return 0;
  return isOriginTurn(turn, weights[cdn]!, weights[0]!) ? 0 : cdn;
}

/**
 * Whether turn k goes to the origin: ⌊k·o/(c+o)⌋ > ⌊(k-1)·o/(c+o)⌋, so that the origin's turns are spread evenly.
 * That is k·o mod (c+o) < o, in which k counts only by its remainder: no product reaches 2^53.
 *
 * @param turn from 1
 */
export function isOriginTurn(turn: bigint, cdnWeight: number, originWeight: number): boolean {
  const cycle = cdnWeight + originWeight;
  return Number(turn % BigInt(cycle)) * originWeight % cycle < originWeight;
}
