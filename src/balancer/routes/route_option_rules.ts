import {
  type Cdn,
  CDN_NAME_PATTERN,
  CDNS_MAX,
  type Check,
  CHECK_PATH_CHARS_MAX,
  ORIGIN,
  ORIGIN_RATE_MAX,
  REDIRECT_STATUSES,
  type RouteOptions,
} from "./route_options.ts";
import { cdnHostProblem, type RouteProblem, WEIGHT_MAX } from "./route_settings.ts";
import { CYCLE_TURNS_MAX, cycleOf } from "../choose/turn_order.ts";

const isWhole = (value: unknown, min: number, max: number): boolean =>
  Number.isInteger(value) && min <= (value as number) && (value as number) <= max;
const isBetween = (value: unknown, min: number, max: number): boolean =>
  typeof value === "number" && min <= value && value <= max;

/** The problems of a route's options: list of CDNs, checks, limits and so on. Empty if all are valid. */
export function optionProblems(
  settings: RouteOptions & { readonly originWeight: number },
): RouteProblem[] {
  const { cdns, originCheck, originRateMax, spread, spreadBy, status, enabled, steeringTtlS } = settings;
  const found: [field: string, isRight: boolean, message: string][] = [
    [
      "originRateMax",
      originRateMax === undefined || isWhole(originRateMax, 1, ORIGIN_RATE_MAX),
      `give an integer from 1 to ${ORIGIN_RATE_MAX}, or null for no limit`,
    ],
    ["spread", spread === undefined || spread === "path", 'give "turn" or "path"'],
    ["spreadBy", spreadBy === undefined || spreadBy === "path", 'give "directory" or "path"'],
    [
      "status",
      status === undefined || REDIRECT_STATUSES.includes(status),
      `give one of 301, ${REDIRECT_STATUSES.join(", ")}`,
    ],
    ["enabled", enabled === undefined || enabled === false, "give true or false"],
    [
      "steeringTtlS",
      steeringTtlS === undefined || isWhole(steeringTtlS, 1, 3600),
      "give an integer from 1 to 3600",
    ],
  ];
  const problems = found.flatMap(([field, isRight, message]) => isRight ? [] : [{ field, message }]);
  if (originCheck !== undefined) problems.push(...checkProblems("originCheck", originCheck));
  if (cdns !== undefined) problems.push(...cdnProblems(cdns, settings.originWeight));
  return problems;
}

function cdnProblems(cdns: readonly Cdn[], originWeight: number): RouteProblem[] {
  if (!Array.isArray(cdns) || !isWhole(cdns.length, 1, CDNS_MAX)) {
    return [{ field: "cdns", message: `give 1 to ${CDNS_MAX} CDNs` }];
  }
  const names = cdns.map((cdn) => cdn?.name);
  const problems = cdns.flatMap((cdn, i): RouteProblem[] => {
    const at = (field: string, message: string | undefined) =>
      message === undefined ? [] : [{ field: `cdns/${i}/${field}`, message }];
    if (typeof cdn !== "object" || cdn === null) {
      return [{ field: `cdns/${i}`, message: "give an object" }];
    }
    return [
      ...at("name", nameProblem(cdn.name, names.indexOf(cdn.name) < i)),
      ...at("host", typeof cdn.host === "string" ? cdnHostProblem(cdn.host) : "give a string"),
      ...at(
        "weight",
        isWhole(cdn.weight, 0, WEIGHT_MAX) ? undefined : `give an integer from 0 to ${WEIGHT_MAX}`,
      ),
      ...at(
        "enabled",
        cdn.enabled === undefined || cdn.enabled === false ? undefined : "give true or false",
      ),
      ...cdn.check === undefined ? [] : checkProblems(`cdns/${i}/check`, cdn.check),
    ];
  });
  return problems.length > 0 ? problems : weightProblems(cdns, originWeight);
}

function nameProblem(name: unknown, isTaken: boolean): string | undefined {
  if (typeof name !== "string" || !CDN_NAME_PATTERN.test(name)) {
    return "give 1 to 32 lower-case letters, digits and hyphens, such as cdn-a";
  }
  if (name === ORIGIN) return `give another name: "${ORIGIN}" is reserved for the origin`;
  if (isTaken) return "give each CDN a different name";
}

function weightProblems(cdns: readonly Cdn[], originWeight: number): RouteProblem[] {
  const weights = [originWeight, ...cdns.map(({ weight, enabled }) => enabled === false ? 0 : weight)];
  if (weights.every((weight) => weight === 0)) {
    return [{ field: "cdns", message: "give a weight above 0 to a CDN that is enabled, or to the origin" }];
  }
  const isOrdered = weights.slice(1).filter((weight) => weight > 0).length > 1;
  if (!isOrdered || cycleOf(weights) <= CYCLE_TURNS_MAX) return [];
  const message = `give weights whose sum, including the origin's, is at most ${CYCLE_TURNS_MAX} ` +
    "after division by their greatest common divisor, such as 60, 30 and 10";
  return [{ field: "cdns", message }];
}

function checkProblems(field: string, check: Check): RouteProblem[] {
  if (typeof check !== "object" || check === null) return [{ field, message: "give an object, or null" }];
  const { path, host, everyS, timeoutS, downAfter, upAfter, expect } = check;
  const [, from, to] = typeof expect === "string" ? /^([1-5]\d\d)-([1-5]\d\d)$/.exec(expect) ?? [] : [];
  const found: [field: string, isRight: boolean, message: string | undefined][] = [
    [
      "path",
      typeof path === "string" && path.length <= CHECK_PATH_CHARS_MAX && /^\/[!-"$-~]*$/.test(path),
      `give a path that begins with a slash, of at most ${CHECK_PATH_CHARS_MAX} characters`,
    ],
    [
      "host",
      host === undefined || (typeof host === "string" && cdnHostProblem(host) === undefined),
      "give a host, optionally with http:// or https:// and a port",
    ],
    ["everyS", isBetween(everyS, 0.5, 3600), "give a number of seconds from 0.5 to 3600"],
    ["timeoutS", isBetween(timeoutS, 0.1, 60), "give a number of seconds from 0.1 to 60"],
    ["downAfter", isWhole(downAfter, 1, 100), "give an integer from 1 to 100"],
    ["upAfter", isWhole(upAfter, 1, 100), "give an integer from 1 to 100"],
    ["expect", from !== undefined && from <= to!, "give a range of statuses, such as 200-399"],
  ];
  return found.flatMap(([name, isRight, message]) =>
    isRight ? [] : [{ field: `${field}/${name}`, message: message! }]
  );
}
