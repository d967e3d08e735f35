import { drawn, keyOf } from "./rendezvous.ts";
import { passes } from "./rate_cap.ts";
import { Reason, REASONS } from "./reasons.ts";
import { destinationOf, type Shares } from "./shares.ts";
import type { Video } from "../redirect/target.ts";
import type { Target } from "./routing.ts";

/**
 * The index of a destination and a reason, packed into one number: an object per redirect would cost more.
 */
export type Choice = number;
const REASON_COUNT = REASONS.length;
export const destinationIn = (choice: Choice): number => Math.trunc(choice / REASON_COUNT);
export const reasonIn = (choice: Choice): Reason => choice % REASON_COUNT as Reason;

/** Indexes of the two counters in {@linkcode Target.turns}. */
const TURNS = 0;
const DIVERTED = 1;

/**
 * A second result of {@linkcode choose}, which few callers need: the turn of the last choice; undefined: the
 * path decided.
 */
export let turnOfChoice: bigint | undefined;

/**
 * Chooses the destination of a video: the spread (by turn or by path) over the destinations that overrides
 * and health leave. If that is the origin, a drained server or the origin's rate limit may still divert the
 * video to a CDN.
 *
 * @param takes whether to take the turn; false only looks at it
 * @param nowMs a clock that all workers share; read only if the origin has a rate limit
 */
export function choose(video: Video, takes: boolean, nowMs: () => number): Choice {
  const { target } = video;
  const { configured, effective, away, spread } = target;
  const isByTurn = spread === undefined;
  const key = isByTurn ? 0 : keyOf(video.server, video.path, spread === "directory");
  const turn = isByTurn ? nextOf(target, TURNS, takes) : 0n;
  turnOfChoice = isByTurn ? turn : undefined;
  let reason: Reason = isByTurn ? Reason.turn : Reason.path;
  let destination = pick(target, configured, key, turn);
  if (effective !== configured) {
    reason = away[destination] ?? reason;
    destination = pick(target, effective, key, turn);
  }
  if (destination === 0 && target.cdnsAlone !== undefined) {
    const diverts = divertsFromOrigin(video, takes, nowMs);
    if (diverts !== undefined) {
      reason = diverts;
      destination = pick(target, target.cdnsAlone, key, isByTurn ? nextOf(target, DIVERTED, takes) : 0n);
    }
  }
  return destination * REASON_COUNT + reason;
}

function pick({ spread, seeds }: Target, shares: Shares, key: number, turn: bigint): number {
  return spread === undefined ? destinationOf(shares, turn) : drawn(key, seeds, shares.weights);
}

/** The number of the next turn; the first turn is 1. */
function nextOf({ turns }: Target, which: number, takes: boolean): bigint {
  return 1n + (takes ? Atomics.add(turns, which, 1n) : Atomics.load(turns, which));
}

function divertsFromOrigin(
  { server, target: { drainedServers, cap, cell } }: Video,
  takes: boolean,
  nowMs: () => number,
): Reason | undefined {
  if (drainedServers?.has(server)) return Reason.forced;
  if (cap !== undefined && !passes(cell, cap, nowMs(), takes)) return Reason.originLimit;
}
