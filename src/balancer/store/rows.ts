import { optionProblems } from "../routes/route_option_rules.ts";
import { fromOptionsJson, jsonPath, toOptionsJson } from "../routes/route_options_json.ts";
import { routeProblems } from "../routes/route_rules.ts";
import { isShort, shortForm } from "../routes/route_settings.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";

/** Settings as they are stored in routes and versions. Versions lack the fields that later schemas added. */
interface StoredSettings {
  cdn_host: string;
  cdn_weight: number;
  origin_weight: number;
  origin_port?: number | null;
  /** The result of {@linkcode toOptionsJson}; null or missing: no options. */
  options?: unknown;
}

/** Reads all routes, ordered by cluster. */
export const ROUTES = "select * from balancer.routes order by cluster";

export interface RouteRow extends StoredSettings {
  cluster: string;
  version: number;
  updated_at: Date;
  updated_by: string;
}

export interface VersionRow {
  version: number;
  changed_at: Date;
  author: string;
  before: StoredSettings | null;
  after: StoredSettings | null;
}

/**
 * Converts stored settings. A version before 0.2.0, or a change by hand, may change only `cdn_host` and
 * `cdn_weight`. So if these are no longer the short form of the list of CDNs, they count, and the list is
 * ignored.
 */
export function toSettings(stored: StoredSettings): RouteSettings {
  const { cdns, ...options } = fromOptionsJson(stored.options);
  const settings = {
    cdnHost: stored.cdn_host,
    cdnWeight: stored.cdn_weight,
    originWeight: stored.origin_weight,
    originPort: stored.origin_port ?? null,
    ...options,
  };
  if (cdns === undefined) return settings;
  const originWeight = Number.isInteger(stored.origin_weight) ? stored.origin_weight : 0;
  const isSound = optionProblems({ cdns, originWeight }).length === 0;
  if (!isSound) return { ...settings, cdns };
  const { cdnHost, cdnWeight } = shortForm(cdns);
  const isOutdated = cdnHost !== settings.cdnHost || cdnWeight !== settings.cdnWeight;
  return isOutdated || isShort(cdns) ? settings : { ...settings, cdns };
}

/**
 * Converts a row, which may hold anything: a person or a newer version may have written it. An invalid one
 * has a `problem`.
 */
export function toRoute(row: RouteRow): Route {
  const { cluster, version, updated_at, updated_by } = row;
  const settings = toSettings(row);
  const [broken] = routeProblems(cluster, settings);
  const isDated = Number.isFinite(Number(updated_at));
  const problem = broken
    ? `${jsonPath(broken.field)}: ${broken.message}`
    : isDated
    ? undefined
    : "updated_at: give a finite time";
  return {
    cluster,
    ...settings,
    version,
    updatedAt: isoTime(updated_at),
    updatedBy: updated_by,
    ...problem && { problem },
  };
}

/** Formats a time of PostgreSQL. The time "infinity", which no `Date` can hold, becomes the start of 1970. */
export function isoTime(time: Date): string {
  return (Number.isFinite(Number(time)) ? time : new Date(0)).toISOString();
}

/** Converts settings to the JSON that is stored. */
export function settingsJson(settings: RouteSettings | null): string | null {
  if (settings === null) return null;
  const { cdnHost, cdnWeight, originWeight, originPort } = settings;
  const options = toOptionsJson(settings);
  return JSON.stringify(
    {
      cdn_host: cdnHost,
      cdn_weight: cdnWeight,
      origin_weight: originWeight,
      origin_port: originPort,
      ...Object.keys(options).length > 0 && { options },
    } satisfies StoredSettings,
  );
}
