import type { RouteSettings } from "../choose/routing.ts";
import { Problem } from "./problems.ts";
import { invalid } from "./requests.ts";
import { fromJson, type PatchJson, settingsJson, settingsSchema } from "./schemas.ts";

/**
 * Applies a merge patch to settings (RFC 7396). If the patch gives CDNs, in either form, they replace all
 * CDNs.
 *
 * @throws {Problem} invalid-body: the patched settings break a rule.
 */
export function patched(current: RouteSettings, patch: PatchJson): RouteSettings {
  const given = (["cdn_host", "cdn_weight"] as const).filter((name) => patch[name] !== undefined);
  if (current.cdns !== undefined && patch.cdns === undefined && given.length > 0) {
    const detail = "the route has a list of CDNs: give the complete list as cdns, or give cdns as null, " +
      "with cdn_host and cdn_weight, to replace the list by a single CDN";
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

/** Merges by the algorithm of RFC 7396, section 2. */
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
