/**
 * The differences between two routes, and the patch for what a form changed. Pure.
 *
 * @module
 */

/** The fields of a route that are not settings. */
const NOT_SETTINGS = new Set(["cluster", "version", "updated_at", "updated_by", "problem"]);

/** @typedef {{ field: string, before: string | undefined, after: string | undefined }} Difference */
/** @typedef {{ name: string, host: string, weight: number }} CdnFields */
/** @typedef {{ cdns: CdnFields[], originWeight: number }} Fields */

/**
 * Returns every value of a route with its path. A CDN's path has its name.
 *
 * @param {any} value
 * @param {string} [path]
 * @returns {[string, string][]}
 */
function leaves(value, path = "") {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (path === "" ? NOT_SETTINGS.has(key) : key === "name") return [];
    const name = Array.isArray(value) ? inner?.name ?? key : key;
    return leaves(inner, path === "" ? name : `${path} ${name}`);
  });
}

/**
 * Compares two routes.
 *
 * @param {any} before null: there was no route
 * @param {any} after null: the route was removed
 * @returns {Difference[]}
 */
export function differences(before, after) {
  const [old, next] = [new Map(leaves(before ?? {})), new Map(leaves(after ?? {}))];
  return [...new Set([...old.keys(), ...next.keys()])]
    .filter((field) => old.get(field) !== next.get(field))
    .map((field) => ({ field, before: old.get(field), after: next.get(field) }));
}

/** Returns the fields of a route that a form shows. @param {any} route @returns {Fields} */
export function fieldsOf(route) {
  const cdns = route.cdns ?? [{ name: "cdn", host: route.cdn_host, weight: route.cdn_weight }];
  return {
    cdns: cdns.map((/** @type {CdnFields} */ { name, host, weight }) => ({ name, host, weight })),
    originWeight: route.origin_weight,
  };
}

/**
 * Returns the body of a PATCH with what the form changed: only what differs from `base`, so that changes that
 * others have made in the meantime are kept.
 *
 * @param {any} route the current route
 * @param {Fields} base the fields when the form was opened
 * @param {Fields} fields the fields now
 */
export function patchOf(route, base, fields) {
  /** @type {Record<string, unknown>} */
  const patch = {};
  if (fields.originWeight !== base.originWeight) patch.origin_weight = fields.originWeight;
  const edits = fields.cdns.flatMap((cdn) => {
    const before = base.cdns.find(({ name }) => name === cdn.name);
    /** @type {Record<string, unknown>} */
    const edit = {};
    if (cdn.host !== before?.host) edit.host = cdn.host;
    if (cdn.weight !== before?.weight) edit.weight = cdn.weight;
    return Object.keys(edit).length > 0 ? [{ name: cdn.name, edit }] : [];
  });
  if (edits.length === 0) return patch;
  const editOf = (/** @type {string} */ name) => edits.find((one) => one.name === name)?.edit ?? {};
  if (route.cdns) {
    return {
      ...patch,
      cdns: route.cdns.map((/** @type {CdnFields} */ cdn) => ({ ...cdn, ...editOf(cdn.name) })),
    };
  }
  const { host, weight } = editOf("cdn");
  return {
    ...patch,
    ...host === undefined ? {} : { cdn_host: host },
    ...weight === undefined ? {} : { cdn_weight: weight },
  };
}
