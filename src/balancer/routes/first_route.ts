import { UsageError } from "../../shared/flags/flags.ts";
import type { Log } from "../../shared/log.ts";
import { routeProblems } from "./route_rules.ts";
import { parseRatio, type RouteSettings } from "./route_settings.ts";

/** The first route of a new database. */
export interface FirstRoute extends RouteSettings {
  readonly cluster: string;
}

/**
 * Reads the first route from the variables CDN_HOST, ORIGIN_CLUSTER and CDN_TO_ORIGIN; undefined: they are
 * not set.
 *
 * @param variable returns the value of a variable, or an empty string if it is not set
 * @throws {UsageError} A variable is missing or can't be used. The message names it.
 */
export function parseFirstRoute(variable: (name: string) => string): FirstRoute | undefined {
  const values = { cluster: "ORIGIN_CLUSTER", cdnHost: "CDN_HOST", ratio: "CDN_TO_ORIGIN" } as const;
  const [cluster, cdnHost] = [variable(values.cluster), variable(values.cdnHost)];
  if (!cluster && !cdnHost) return undefined;
  if (!cluster || !cdnHost) {
    const [missing, given] = cluster ? ["CDN_HOST", "ORIGIN_CLUSTER"] : ["ORIGIN_CLUSTER", "CDN_HOST"];
    throw new UsageError(`${given} is set without ${missing}: set both to make the first route, or neither`);
  }
  const refuse = (name: string, message: string): never => {
    throw new UsageError(`Cannot use ${JSON.stringify(variable(name))} for ${name}: ${message}`);
  };
  let weights: ReturnType<typeof parseRatio>;
  try {
    weights = parseRatio(variable(values.ratio) || "9:1");
  } catch (error) {
    return refuse(values.ratio, (error as Error).message);
  }
  const route = { cluster, cdnHost, ...weights, originPort: null };
  const [problem] = routeProblems(cluster, route);
  if (problem) refuse(problem.field === "cluster" ? values.cluster : values.cdnHost, problem.message);
  return route;
}

/**
 * Logs that the environment variables are ignored, if the database holds another route than they describe.
 */
export function tellDifference(
  { cluster, ...settings }: FirstRoute,
  stored: RouteSettings | undefined,
  log: Log,
): void {
  const names = Object.keys(settings) as (keyof RouteSettings)[];
  if (stored && names.every((name) => stored[name] === settings[name])) return;
  log.info(
    "environment_ignored",
    "CDN_HOST, ORIGIN_CLUSTER and CDN_TO_ORIGIN differ from the route in the database and are ignored: they " +
      "only make the first route of a new database; use the API to change a route",
    {
      cluster,
      environment: settings,
      database: stored && Object.fromEntries(names.map((name) => [name, stored[name]])),
    },
  );
}
