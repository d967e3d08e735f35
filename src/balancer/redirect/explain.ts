import { choose, destinationIn, reasonIn } from "../choose/choice.ts";
import { REASONS } from "../choose/reasons.ts";
import type { RoutingTable } from "../choose/routing.ts";
import { findVideo, locationOf } from "./target.ts";

/** Why a request for a video would be answered as it would be. */
export type Explanation =
  | {
    /** Why it would be refused. */
    readonly refusal: { readonly status: number; readonly reason: string };
  }
  | {
    readonly cluster: string;
    /** Of the route. */
    readonly version: number;
    /** What decides: whose turn it is, or the path of the video. */
    readonly spread: "turn" | "directory" | "path";
    /** The turn that it would take. A text, since it may be more than a number can hold. */
    readonly turn: string;
    readonly destinations: readonly ExplainedDestination[];
    readonly choice: { readonly destination: string; readonly reason: typeof REASONS[number] };
    readonly location: string;
  };

export interface ExplainedDestination {
  readonly name: string;
  readonly weight: number;
  /** Of all redirects, the part that it takes now: from 0 to 1. */
  readonly share: number;
  /** Why it takes nothing of its weight; undefined: it takes its share. */
  readonly away: typeof REASONS[number] | undefined;
  readonly health: string;
  /** Of its health. */
  readonly reason: string;
}

/** What is known of a destination's health. */
export type HealthOf = (
  cluster: string,
  destination: string,
) => { readonly state: string; readonly reason: string } | undefined;

/**
 * What would happen to a request for this video now. Takes no turn.
 *
 * @param video the URL, decoded
 * @param nowMs of the clock that the workers use
 */
export function explain(
  video: string,
  table: RoutingTable,
  nowMs: () => number,
  healthOf: HealthOf = () => undefined,
): Explanation {
  const found = findVideo(video, table);
  if ("reason" in found) return { refusal: { status: found.status, reason: found.reason } };
  const { cluster, version, spread, destinations, configured, effective, away, turns } = found.target;
  const choice = choose(found, false, nowMs);
  const total = effective.weights.reduce((sum, weight) => sum + weight, 0);
  return {
    cluster,
    version,
    spread: spread ?? "turn",
    turn: String(Atomics.load(turns, 0) + 1n),
    destinations: destinations.map(({ name }, i) => {
      const reason = away[i];
      const health = healthOf(cluster, name);
      return {
        name,
        weight: configured.weights[i]!,
        share: effective.weights[i]! / total,
        away: reason === undefined ? undefined : REASONS[reason],
        health: health?.state ?? "unchecked",
        reason: health?.reason ?? "",
      };
    }),
    choice: { destination: destinations[destinationIn(choice)]!.name, reason: REASONS[reasonIn(choice)] },
    location: locationOf(found, destinationIn(choice)),
  };
}
