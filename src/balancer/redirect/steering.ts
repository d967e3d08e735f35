/**
 * Content steering: a player asks at intervals which of its pathways to use (HLS: RFC 8216bis, 7; DASH: ETSI
 * TS 103 998). Each pathway has the name of a destination of the route.
 *
 * @module
 */
import { destinationOf } from "../choose/shares.ts";
import type { Target } from "../choose/routing.ts";

/** The answer to a player. Both standards use these names. */
export interface SteeringManifest {
  readonly VERSION: 1;
  /** After how many seconds the player asks again. */
  readonly TTL: number;
  /** The URL to ask next, relative to the current one. */
  readonly "RELOAD-URI": string;
  /** The pathways, best first. Those that are down are left out, unless all are down. */
  readonly "PATHWAY-PRIORITY": readonly string[];
}

/**
 * Makes the manifest for a session. The first request of a session takes a turn, which decides its own
 * pathway. Turn and pathway are part of `RELOAD-URI`. So a session stays on its own pathway, uses another one
 * while that is down, and then returns.
 *
 * @param query the query of the request, without the question mark
 * @param takes whether a first request takes a turn; false only looks at it
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

/**
 * The session in a query, as {@linkcode steeringManifest} wrote it. Anything else counts as a first request.
 */
function sessionIn(query: string): { session?: bigint; pathway?: string } {
  const [, session, pathway] =
    /(?:^|&)session=([1-9]\d{0,18})&pathway=([a-z0-9-]{1,32})(?:&|$)/.exec(query) ?? [];
  return session === undefined ? {} : { session: BigInt(session), pathway: pathway! };
}
