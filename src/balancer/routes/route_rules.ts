import { optionProblems } from "./route_option_rules.ts";
import {
  cdnHostProblem,
  clusterProblem,
  PORT_MAX,
  type RouteProblem,
  type RouteSettings,
  WEIGHT_MAX,
  weightsProblem,
} from "./route_settings.ts";

/**
 * All problems of a route; empty if the route is valid. Options are judged only if the basic settings are
 * valid.
 */
export function routeProblems(cluster: string, settings: RouteSettings): RouteProblem[] {
  const { cdnHost, cdnWeight, originWeight, originPort } = settings;
  const isText = (value: unknown) => typeof value === "string"; // A newer version may have stored something else.
  const isWeight = (weight: number) => Number.isInteger(weight) && weight >= 0 && weight <= WEIGHT_MAX;
  const weightMessage = (weight: number) =>
    isWeight(weight) ? undefined : `give an integer from 0 to ${WEIGHT_MAX}`;
  const isPort = originPort === null ||
    (Number.isInteger(originPort) && originPort >= 1 && originPort <= PORT_MAX);
  const found: [RouteProblem["field"], string | undefined][] = [
    ["cluster", isText(cluster) ? clusterProblem(cluster) : "give a string"],
    ["cdnHost", isText(cdnHost) ? cdnHostProblem(cdnHost) : "give a string"],
    ["cdnWeight", weightMessage(cdnWeight)],
    ["originWeight", weightMessage(originWeight) ?? weightsProblem(settings)],
    ["originPort", isPort ? undefined : `give a port from 1 to ${PORT_MAX}, or null`],
  ];
  const problems = found.flatMap(([field, message]) => message === undefined ? [] : [{ field, message }]);
  return problems.length > 0 ? problems : optionProblems(settings);
}

/**
 * @throws {RangeError} The route is invalid. The message names the first invalid field and says what to give
 * instead.
 */
export function checkRoute(cluster: string, settings: RouteSettings): void {
  const [problem] = routeProblems(cluster, settings);
  if (problem) throw new RangeError(`Cannot use the ${problem.field} of this route: ${problem.message}`);
}
