/**
 * The options of a route as JSON has them, in the API and in the database: with names of its own, and without what is
 * as by default.
 *
 * @module
 */
import { type Cdn, type Check, CHECK_DEFAULTS, type RouteOptions, STEERING_TTL_S } from "./route_options.ts";

export interface CheckJson {
  readonly path: string;
  readonly host?: string;
  readonly every_s: number;
  readonly timeout_s: number;
  readonly down_after: number;
  readonly up_after: number;
  readonly expect: string;
}

export interface CdnJson {
  readonly name: string;
  readonly host: string;
  readonly weight: number;
  readonly enabled?: boolean;
  readonly check?: CheckJson;
}

export interface OptionsJson {
  readonly cdns?: CdnJson[];
  readonly origin_check?: CheckJson;
  readonly origin_rate_max?: number;
  readonly spread?: "turn" | "path";
  readonly spread_by?: "directory" | "path";
  readonly status?: 301 | 302 | 307 | 308;
  readonly enabled?: boolean;
  readonly steering_ttl?: number;
}

/** Never throws, so that a route which breaks a rule can be shown as it is. */
export function toOptionsJson(options: RouteOptions): OptionsJson {
  const { cdns, originCheck, originRateMax, spread, spreadBy, status, enabled, steeringTtlS } = options;
  return given({
    cdns: Array.isArray(cdns) ? cdns.map(cdnJson) : cdns,
    origin_check: checkJson(originCheck),
    origin_rate_max: originRateMax,
    spread,
    spread_by: spreadBy,
    status,
    enabled,
    steering_ttl: steeringTtlS,
  }) as OptionsJson;
}

/**
 * The options in a piece of JSON, which may hold anything. What can't be as it is stays so, for the rules of
 * route_option_rules.ts to find; null counts as not given, and what a check leaves out gets its default.
 */
export function fromOptionsJson(json: unknown): RouteOptions {
  const all = isObject(json) ? json : {};
  return given({
    cdns: Array.isArray(all.cdns) ? all.cdns.map(cdnFrom) : unless(null, all.cdns),
    originCheck: checkFrom(all.origin_check),
    originRateMax: unless(null, all.origin_rate_max),
    spread: unless("turn", all.spread),
    spreadBy: unless("directory", all.spread_by),
    status: unless(301, all.status),
    enabled: unless(true, all.enabled),
    steeringTtlS: unless(STEERING_TTL_S, all.steering_ttl),
  }) as RouteOptions;
}

/** The path of a property of a route as JSON has it: `cdns/0/check/everyS` → `cdns/0/check/every_s`. */
export function jsonPath(field: string): string {
  return field.replace("steeringTtlS", "steering_ttl")
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function cdnJson(cdn: Cdn): unknown {
  if (!isObject(cdn)) return cdn;
  const { name, host, weight, enabled, check } = cdn;
  return given({ name, host, weight, enabled, check: checkJson(check) });
}

function checkJson(check: Check | undefined): unknown {
  if (!isObject(check)) return check;
  const { path, host, everyS, timeoutS, downAfter, upAfter, expect } = check;
  return given({
    path,
    host,
    every_s: everyS,
    timeout_s: timeoutS,
    down_after: downAfter,
    up_after: upAfter,
    expect,
  });
}

function cdnFrom(json: unknown): unknown {
  if (!isObject(json)) return json;
  const { name, host, weight, enabled, check } = json;
  return given({ name, host, weight, enabled: unless(true, enabled), check: checkFrom(check) });
}

function checkFrom(json: unknown): unknown {
  if (!isObject(json)) return unless(null, json);
  return given({
    path: json.path,
    host: unless(null, json.host),
    everyS: json.every_s ?? CHECK_DEFAULTS.everyS,
    timeoutS: json.timeout_s ?? CHECK_DEFAULTS.timeoutS,
    downAfter: json.down_after ?? CHECK_DEFAULTS.downAfter,
    upAfter: json.up_after ?? CHECK_DEFAULTS.upAfter,
    expect: json.expect ?? CHECK_DEFAULTS.expect,
  });
}

const isObject = <T>(value: T): value is T & Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const unless = (byDefault: unknown, value: unknown): unknown =>
  value === null || value === byDefault ? undefined : value;

/** Without what is undefined. */
const given = (properties: object): object =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
