/**
 * Content steering: a player asks now and then at which of its pathways to go on (HLS: RFC 8216bis, 7; DASH: ETSI TS 103
 * 998). The pathways of a stream are named as the destinations of its route.
 *
 * @module
 */
import { destinationOf } from "../choose/shares.ts";
import type { Target } from "../choose/routing.ts";

/** What a player is told; the names are those of both standards. */
export interface SteeringManifest {
  readonly VERSION: 1;
  /** After so many seconds it asks again. */
  readonly TTL: number;
  /** Where; relative to where it has asked. */
  readonly "RELOAD-URI": string;
  /** The best one first. Those that are away are left out, unless all are. */
  readonly "PATHWAY-PRIORITY": readonly string[];
}

/**
 * The pathways for a session. Its turn at the first request decides which comes first, and it is kept in the address to
 * ask again: so a session stays where it is, goes elsewhere while that is away, and comes back.
 *
 * @param query of the request, without the question mark
 * @param takes whether a first request takes its turn
 */
export function steeringManifest(target: Target, query: string, takes: boolean): SteeringManifest {
  const { cluster, destinations, configured, effective, away, steeringTtlS } = target;
  const { session, pathway } = sessionIn(query);
  const turn = session ?? 1n + (takes ? Atomics.add(target.turns, 0, 1n) : Atomics.load(target.turns, 0));
  const known = destinations.findIndex(({ name }) => name === pathway);
  const own = known >= 0 ? known : destinationOf(configured, turn);
  const first = away[own] === undefined ? own : destinationOf(effective, turn);
  const others = destinations.map((_, i) => i)
    .filter((i) => i !== first && away[i] === undefined)
    .sort((one, other) => effective.weights[other]! - effective.weights[one]! || one - other);
  return {
    VERSION: 1,
    TTL: steeringTtlS,
    "RELOAD-URI": `${cluster}?session=${turn}&pathway=${destinations[own]!.name}`,
    "PATHWAY-PRIORITY": [first, ...others].map((i) => destinations[i]!.name),
  };
}

/** A session as {@linkcode steeringManifest} gave it out; what a client has made of it is not believed. */
function sessionIn(query: string): { session?: bigint; pathway?: string } {
  const [, session, pathway] =
    /(?:^|&)session=([1-9]\d{0,18})&pathway=([a-z0-9-]{1,32})(?:&|$)/.exec(query) ?? [];
  return session === undefined ? {} : { session: BigInt(session), pathway: pathway! };
}
