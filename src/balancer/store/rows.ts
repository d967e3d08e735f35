import { optionProblems } from "../routes/route_option_rules.ts";
import { fromOptionsJson, jsonPath, toOptionsJson } from "../routes/route_options_json.ts";
import { routeProblems } from "../routes/route_rules.ts";
import { isShort, shortForm } from "../routes/route_settings.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";

/** Settings as the versions keep them. What a later schema adds is missing in the versions before it. */
interface StoredSettings {
  cdn_host: string;
  cdn_weight: number;
  origin_weight: number;
  origin_port?: number | null;
  /** What {@linkcode toOptionsJson} makes; null or missing where there is none. */
  options?: unknown;
}

/** All routes, by cluster. */
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
 * A version before 0.2.0, and many a hand, changes the host and the weight alone: where they are no longer the short
 * form of the CDNs, they count.
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

/** A row may hold anything, written by hand or by a newer version: what is wrong with it is said, not thrown. */
export function toRoute(row: RouteRow): Route {
  const { cluster, version, updated_at, updated_by } = row;
  const settings = toSettings(row);
  const [broken] = routeProblems(cluster, settings);
  const isDated = Number.isFinite(Number(updated_at));
  const problem = broken
    ? `${jsonPath(broken.field)}: ${broken.message}`
    : isDated
    ? undefined
    : "updated_at: give a time that has a date";
  return {
    cluster,
    ...settings,
    version,
    updatedAt: isoTime(updated_at),
    updatedBy: updated_by,
    ...problem && { problem },
  };
}

/** PostgreSQL also knows the time "infinity", which no Date can be: it is told as the beginning of 1970. */
export function isoTime(time: Date): string {
  return (Number.isFinite(Number(time)) ? time : new Date(0)).toISOString();
}

export function toJson(settings: RouteSettings | null): string | null {
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
