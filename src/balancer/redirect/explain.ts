import { choose, destinationIn, reasonIn } from "../choose/choice.ts";
import { REASONS } from "../choose/reasons.ts";
import type { RoutingTable } from "../choose/routing.ts";
import { findVideo, locationOf } from "./target.ts";

/** How a request for a video would be answered now, and why. */
export type Explanation =
  | {
    /** The request would be refused with this status and reason. */
    readonly refusal: { readonly status: number; readonly reason: string };
  }
  | {
    readonly cluster: string;
    /** The version of the route. */
    readonly version: number;
    /** What chooses the destination: turns, or the directory or the whole path of the video. */
    readonly spread: "turn" | "directory" | "path";
    /** The number of the turn that it would take. A string, since it may exceed 2^53. */
    readonly turn: string;
    readonly destinations: readonly ExplainedDestination[];
    readonly choice: { readonly destination: string; readonly reason: typeof REASONS[number] };
    readonly location: string;
  };

/** A destination of the cluster, as it is now. */
export interface ExplainedDestination {
  readonly name: string;
  readonly weight: number;
  /** The fraction of all redirects that it takes now, from 0 to 1. */
  readonly share: number;
  /** Why it takes nothing of its share; undefined: it takes some or all of it. */
  readonly away: typeof REASONS[number] | undefined;
  /** The state of its health. */
  readonly health: string;
  /** The reason for that state; empty: none. */
  readonly reason: string;
}

/** Looks up the health of a destination; undefined: unknown. */
export type HealthOf = (
  cluster: string,
  destination: string,
) => { readonly state: string; readonly reason: string } | undefined;

/**
 * Explains what would happen to a request for a video now. Takes no turn.
 *
 * @param video the URL of the video, decoded
 * @param nowMs the clock that the workers use
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
