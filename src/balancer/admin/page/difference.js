/**
 * What differs between two routes, and what a form changes of one. Pure.
 *
 * @module
 */

/** What a route is known by, and what every change changes. */
const NOT_SETTINGS = new Set(["cluster", "version", "updated_at", "updated_by", "problem"]);

/** @typedef {{ field: string, before: string | undefined, after: string | undefined }} Difference */
/** @typedef {{ name: string, host: string, weight: number }} CdnFields */
/** @typedef {{ cdns: CdnFields[], originWeight: number }} Fields */

/** Each value of a route that is given, by the way to it; CDNs by their name. @param {any} value @param {string} [way] @returns {[string, string][]} */
function leaves(value, way = "") {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [[way, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (way === "" ? NOT_SETTINGS.has(key) : key === "name") return [];
    const name = Array.isArray(value) ? inner?.name ?? key : key;
    return leaves(inner, way === "" ? name : `${way} ${name}`);
  });
}

/** @param {any} before null: there was no route @param {any} after null: there is none any more @returns {Difference[]} */
export function differences(before, after) {
  const [old, next] = [new Map(leaves(before ?? {})), new Map(leaves(after ?? {}))];
  return [...new Set([...old.keys(), ...next.keys()])]
    .filter((field) => old.get(field) !== next.get(field))
    .map((field) => ({ field, before: old.get(field), after: next.get(field) }));
}

/** What a form shows of a route. @param {any} route @returns {Fields} */
export function fieldsOf(route) {
  const cdns = route.cdns ?? [{ name: "cdn", host: route.cdn_host, weight: route.cdn_weight }];
  return {
    cdns: cdns.map((/** @type {CdnFields} */ { name, host, weight }) => ({ name, host, weight })),
    originWeight: route.origin_weight,
  };
}

/**
 * The body of a PATCH that makes the route as the form has it: only what differs from `base`, so that what another one
 * changed meanwhile stays.
 *
 * @param {any} route as it is now
 * @param {Fields} base what the form began with
 * @param {Fields} fields
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
