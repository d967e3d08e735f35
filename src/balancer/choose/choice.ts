import { drawn, keyOf } from "./rendezvous.ts";
import { passes } from "./rate_cap.ts";
import { Reason, REASONS } from "./reasons.ts";
import { destinationOf, type Shares } from "./shares.ts";
import type { Video } from "../redirect/target.ts";
import type { Target } from "./routing.ts";

/** Which destination, by its index, and why: in one number, because an object for each redirect would cost more. */
export type Choice = number;
const KINDS = REASONS.length;
export const destinationIn = (choice: Choice): number => Math.trunc(choice / KINDS);
export const reasonIn = (choice: Choice): Reason => choice % KINDS as Reason;

/** Index of the counters in {@linkcode Target.turns}. */
const TURNS = 0;
const DIVERTED = 1;

/** The turn of the last choice: a second result, that most have no use for. Undefined: the path decided. */
export let turnOfChoice: bigint | undefined;

/**
 * Decides where a video is watched, in this order: what an operator or the health of a destination forbids, then the
 * spread, then the limit of the origin.
 *
 * @param takes whether the turn is taken; else it is only looked at
 * @param nowMs of a clock that the workers share; asked only where the origin has a limit
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
  return destination * KINDS + reason;
}

function pick({ spread, seeds }: Target, shares: Shares, key: number, turn: bigint): number {
  return spread === undefined ? destinationOf(shares, turn) : drawn(key, seeds, shares.weights);
}

/** The number of the next turn, from 1. */
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
