import { cdnsOf, type Check, ORIGIN } from "../routes/route_options.ts";
import { cdnBase, type RouteSettings } from "../routes/route_settings.ts";

/** The URL that a check probes, and the rules by which the answers are judged. */
export interface Target extends Omit<Check, "path" | "host"> {
  readonly url: string;
}

/** A destination of a route that is enabled. */
export interface Place {
  readonly cluster: string;
  readonly name: string;
  /** Undefined: the destination has no check. */
  readonly target: Target | undefined;
}

/** The enabled destinations of a route, the origin first; none if the route is disabled. */
export function placesOf(route: { readonly cluster: string } & RouteSettings): Place[] {
  const { cluster, enabled, originCheck, originPort } = route;
  if (enabled === false) return [];
  const own = originPort === null ? cluster : `${cluster}:${originPort}`;
  return [
    { cluster, name: ORIGIN, target: originCheck && targetOf(originCheck, own) },
    ...cdnsOf(route).filter(({ enabled }) => enabled !== false).map(({ name, host, check }) => ({
      cluster,
      name,
      target: check && targetOf(check, host),
    })),
  ];
}

function targetOf({ path, host = "", ...rules }: Check, own: string): Target {
  const url = new URL(cdnBase(host || own)).origin + path;
  const { everyS, timeoutS, downAfter, upAfter, expect } = rules;
  return { url, everyS, timeoutS, downAfter, upAfter, expect };
}

/** The identity of a target. Destinations with equal keys share one probe. */
export const keyOf = ({ url, everyS, timeoutS, downAfter, upAfter, expect }: Target): string =>
  JSON.stringify([url, everyS, timeoutS, downAfter, upAfter, expect]);
