import type { RouteSettings } from "../choose/routing.ts";
import { Problem } from "./problems.ts";
import { invalid } from "./requests.ts";
import { fromJson, type PatchJson, settingsJson, settingsSchema } from "./schemas.ts";

/**
 * The settings with a patch put upon them (RFC 7396). What it says of CDNs, in either form, takes the place of all that
 * there are.
 *
 * @throws {Problem} invalid-body, where they can't be so
 */
export function patched(current: RouteSettings, patch: PatchJson): RouteSettings {
  const given = (["cdn_host", "cdn_weight"] as const).filter((name) => patch[name] !== undefined);
  if (current.cdns !== undefined && patch.cdns === undefined && given.length > 0) {
    const detail =
      "the route has a list of CDNs: change it by giving all of it as cdns, or give cdns as null, " +
      "with cdn_host and cdn_weight, for one CDN in its place";
    throw new Problem("invalid-body", `/${given.join(", /")}: ${detail}`, {
      errors: given.map((name) => ({ pointer: `/${name}`, detail })),
    });
  }
  const { cdn_host, cdn_weight, ...rest } = settingsJson(current);
  const before = patch.cdns ? rest : { cdn_host, cdn_weight, ...rest };
  const { data, error } = settingsSchema.safeParse(merged(before, patch));
  if (error) throw invalid(error, "json");
  return fromJson(data!);
}

/** By the algorithm of RFC 7396, section 2. */
export function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, merged(result.get(name), value));
  }
  return Object.fromEntries(result);
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
