/**
 * The options of a route in JSON, as the API and the database use them: with names in snake case, and without
 * options that have their default.
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

/** Converts options to JSON. Never throws, so that even an invalid route can be shown as it is. */
export function toOptionsJson(options: RouteOptions): OptionsJson {
  const { cdns, originCheck, originRateMax, spread, spreadBy, status, enabled, steeringTtlS } = options;
  return defined({
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
 * Converts JSON, which may hold anything, to options. Invalid values are kept for route_option_rules.ts to
 * find. Null counts as not given, and fields that a check leaves out get their defaults.
 */
export function fromOptionsJson(json: unknown): RouteOptions {
  const all = isObject(json) ? json : {};
  return defined({
    cdns: Array.isArray(all.cdns) ? all.cdns.map(cdnFrom) : unlessDefault(null, all.cdns),
    originCheck: checkFrom(all.origin_check),
    originRateMax: unlessDefault(null, all.origin_rate_max),
    spread: unlessDefault("turn", all.spread),
    spreadBy: unlessDefault("directory", all.spread_by),
    status: unlessDefault(301, all.status),
    enabled: unlessDefault(true, all.enabled),
    steeringTtlS: unlessDefault(STEERING_TTL_S, all.steering_ttl),
  }) as RouteOptions;
}

/** Converts the path of a property to its path in JSON: `cdns/0/check/everyS` → `cdns/0/check/every_s`. */
export function jsonPath(field: string): string {
  return field.replace("steeringTtlS", "steering_ttl")
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function cdnJson(cdn: Cdn): unknown {
  if (!isObject(cdn)) return cdn;
  const { name, host, weight, enabled, check } = cdn;
  return defined({ name, host, weight, enabled, check: checkJson(check) });
}

function checkJson(check: Check | undefined): unknown {
  if (!isObject(check)) return check;
  const { path, host, everyS, timeoutS, downAfter, upAfter, expect } = check;
  return defined({
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
  return defined({ name, host, weight, enabled: unlessDefault(true, enabled), check: checkFrom(check) });
}

function checkFrom(json: unknown): unknown {
  if (!isObject(json)) return unlessDefault(null, json);
  return defined({
    path: json.path,
    host: unlessDefault(null, json.host),
    everyS: json.every_s ?? CHECK_DEFAULTS.everyS,
    timeoutS: json.timeout_s ?? CHECK_DEFAULTS.timeoutS,
    downAfter: json.down_after ?? CHECK_DEFAULTS.downAfter,
    upAfter: json.up_after ?? CHECK_DEFAULTS.upAfter,
    expect: json.expect ?? CHECK_DEFAULTS.expect,
  });
}

const isObject = <T>(value: T): value is T & Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const unlessDefault = (defaultValue: unknown, value: unknown): unknown =>
  value === null || value === defaultValue ? undefined : value;

/** The properties that are not undefined. */
const defined = (properties: object): object =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
