import { z } from "@hono/zod-openapi";
import { optionProblems } from "../routes/route_option_rules.ts";
import { fromOptionsJson, jsonPath, toOptionsJson } from "../routes/route_options_json.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";
import {
  CDN_HOST_CHARS_MAX,
  cdnHostProblem,
  CLUSTER_CHARS_MAX,
  clusterProblem,
  isShort,
  PORT_MAX,
  shortForm,
  WEIGHT_MAX,
  weightsProblem,
} from "../routes/route_settings.ts";
import type { RouteVersion } from "../store/store.ts";
import { optionFields, optionPatchFields } from "./option_schemas.ts";

/** The highest version. Versions are PostgreSQL integers, and the version after this one must still fit. */
export const VERSION_MAX = 2 ** 31 - 2;
export const HISTORY_LIMIT_MAX = 100;

/** The error of a value: the advice, after "missing: " if there is no value. */
const advises = (advice: string) => ({
  error: ({ input }: { input?: unknown }) => input === undefined ? `missing: ${advice}` : advice,
});

/** Checks a text by a rule of route_settings.ts, so that there is a single set of rules. */
const obeys = (rule: (text: string) => string | undefined) => (text: string, context: z.RefinementCtx) => {
  const message = rule(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
};

const integer = (min: number, max: number) => {
  const advice = advises(`give an integer from ${min} to ${max}`);
  return z.int(advice).min(min, advice).max(max, advice);
};

const TEXT = advises("give a string");
const WEIGHT = `give an integer from 0 to ${WEIGHT_MAX}`;

const oneCdn = {
  cdn_host: z.string(TEXT).superRefine(obeys(cdnHostProblem)).optional().openapi({
    description:
      "The base of the CDN's URLs: a host, with a scheme (default http), a port and a path if needed",
    maxLength: CDN_HOST_CHARS_MAX,
    example: "cdn.example.net",
  }),
  cdn_weight: integer(0, WEIGHT_MAX).optional().openapi({
    description: "The CDN gets this many out of cdn_weight + origin_weight requests",
    example: 9,
  }),
};

const origin = {
  origin_weight: integer(0, WEIGHT_MAX).openapi({
    description:
      "The origin gets this many out of N requests, where N is the sum of all weights. At least one " +
      "weight must not be 0",
    example: 1,
  }),
  origin_port: integer(1, PORT_MAX).nullable().openapi({
    description: "The port that video URLs must have; null: they must have none",
    example: null,
  }),
};

const fields = { ...oneCdn, ...origin, ...optionFields };

const anObject = advises("give an object");

/** Reports a missing field together with other errors, where zod by default would skip the refinement. */
const missing = (name: keyof typeof oneCdn, advice: string) => ({
  path: [name],
  error: `missing: ${advice}`,
  when: ({ value }: z.core.ParsePayload) =>
    typeof value === "object" && value !== null && !Array.isArray(value),
});

const settingsShape = z.strictObject(
  { ...fields, origin_port: fields.origin_port.default(null) },
  anObject,
);
type SettingsJson = z.infer<typeof settingsShape>;

export const settingsSchema = settingsShape
  .refine(
    ({ cdns, cdn_host }) => cdns || cdn_host !== undefined,
    missing("cdn_host", "give a string, or cdns"),
  )
  .refine(
    ({ cdns, cdn_weight }) => cdns || cdn_weight !== undefined,
    missing("cdn_weight", `${WEIGHT}, or cdns`),
  )
  .superRefine(hasOneForm)
  .superRefine(obeysRules)
  .openapi("RouteSettings", { description: "Give cdn_host and cdn_weight, or cdns" });

export const patchSchema = z.strictObject({ ...fields, ...optionPatchFields }, anObject).partial()
  .superRefine(hasOneForm)
  .openapi("RoutePatch", {
    description:
      "A merge patch (RFC 7396): the fields to change; null resets an optional field to its default",
  });

/** Refuses a body that gives CDNs in both forms, because the two could contradict each other. */
function hasOneForm(
  json: { cdns?: unknown; cdn_host?: unknown; cdn_weight?: unknown },
  context: z.RefinementCtx,
) {
  if ((json.cdns ?? undefined) === undefined) return;
  for (const name of ["cdn_host", "cdn_weight"] as const) {
    if (json[name] === undefined) continue;
    const message = "leave it out: it is the short form for a single CDN, and cdns is given";
    context.addIssue({ code: "custom", path: [name], message });
  }
}

function obeysRules(json: SettingsJson, context: z.RefinementCtx) {
  const options = fromOptionsJson(json);
  const message = options.cdns ? undefined : weightsProblem(fromJson(json));
  if (message !== undefined) context.addIssue({ code: "custom", path: ["origin_weight"], message });
  for (const { field, message } of optionProblems({ ...options, originWeight: json.origin_weight })) {
    context.addIssue({ code: "custom", path: jsonPath(field).split("/"), message });
  }
}

const versionSchema = integer(1, VERSION_MAX).openapi({ example: 3 });

export const routeSchema = z.object({
  cluster: z.string().openapi({ example: "origin-cluster" }),
  ...fields,
  version: versionSchema,
  updated_at: z.iso.datetime(),
  updated_by: z.string().openapi({
    description: "The name of the token that made the change",
    example: "alice",
  }),
  problem: z.string().optional().openapi({
    description:
      "Only on a route that was written directly to the database: the rule that it breaks. The route is " +
      "not in force until this is corrected",
  }),
}).openapi("Route");

export const historyEntrySchema = z.object({
  version: versionSchema,
  at: z.iso.datetime(),
  by: z.string().openapi({ example: "alice" }),
  before: z.object(fields).nullable().openapi({ description: "null: the version created the route" }),
  after: z.object(fields).nullable().openapi({ description: "null: the version removed the route" }),
}).openapi("RouteVersion");

export const restoreSchema = z.strictObject({ version: versionSchema }, anObject).openapi("Restore");

export const clusterSchema = z.object({
  cluster: z.string().toLowerCase().superRefine(obeys(clusterProblem)).openapi({
    description: "The domain of the origin servers, in upper or lower case",
    maxLength: CLUSTER_CHARS_MAX,
    example: "origin-cluster",
  }),
});

/** For removing a route that was written directly to the database: its name may break the rules. */
export const anyClusterSchema = z.object({
  cluster: z.string().openapi({
    description:
      "The domain of the origin servers, in upper or lower case; or the exact name of a route that " +
      "breaks a rule",
    example: "origin-cluster",
  }),
});

/** Accepts digits only. `Number` alone would also accept `1e1`, `0x10` and the empty string. */
const queryInteger = (min: number, max: number) =>
  z.string().regex(/^[0-9]{1,10}$/, `give an integer from ${min} to ${max}`).transform(Number)
    .pipe(integer(min, max)).openapi({ type: "integer", minimum: min, maximum: max });

/** For a call without query parameters: a misspelt parameter is refused, not ignored. */
export const noQuerySchema = z.strictObject({});

export const pageSchema = z.strictObject({
  limit: queryInteger(1, HISTORY_LIMIT_MAX).default(20).openapi({
    description: "The most versions to return",
  }),
  before: queryInteger(1, VERSION_MAX).optional().openapi({ description: "Only versions below this one" }),
});

export const conditionsSchema = z.object({
  "If-Match": z.string().optional().openapi({
    description: 'Proceed only if the route has one of these versions, such as `"3"`; `*`: only if it exists',
  }),
  "If-None-Match": z.string().optional().openapi({
    description: "Proceed only if the route has none of these versions; `*`: only if it does not exist",
  }),
});

export const readConditionsSchema = conditionsSchema.pick({ "If-None-Match": true });

export const problemSchema = z.object({
  type: z.string().openapi({
    description: "Refers to the problem's entry in x-problems of this description",
  }),
  title: z.string(),
  status: z.int(),
  detail: z.string().openapi({ description: "What is wrong with this request, and what to do" }),
  errors: z.array(z.object({
    pointer: z.string().optional().openapi({
      description: "JSON pointer to the field of the body (RFC 6901)",
    }),
    parameter: z.string().optional().openapi({
      description: "The name of the parameter in the path or the query",
    }),
    header: z.string().optional(),
    detail: z.string(),
  })).optional(),
}).openapi("Problem", { description: "Problem details (RFC 9457)" });

export type PatchJson = z.infer<typeof patchSchema>;

/**
 * Converts settings from JSON.
 *
 * @param json as parsed by {@linkcode settingsSchema}
 */
export function fromJson(json: SettingsJson): RouteSettings {
  const { cdns, ...options } = fromOptionsJson(json);
  return {
    ...cdns ? shortForm(cdns) : { cdnHost: json.cdn_host!, cdnWeight: json.cdn_weight! },
    originWeight: json.origin_weight,
    originPort: json.origin_port,
    ...cdns && !isShort(cdns) && { cdns },
    ...options,
  };
}

/** Converts settings to JSON for an answer: a single CDN in short form, without options at their default. */
export function settingsJson(settings: RouteSettings): SettingsJson {
  const { cdns, ...options } = toOptionsJson(settings);
  return {
    ...cdns ? { cdns } : { cdn_host: settings.cdnHost, cdn_weight: settings.cdnWeight },
    origin_weight: settings.originWeight,
    origin_port: settings.originPort,
    ...options,
  };
}

export const routeJson = (route: Route): z.infer<typeof routeSchema> => ({
  cluster: route.cluster,
  ...settingsJson(route),
  version: route.version,
  updated_at: route.updatedAt,
  updated_by: route.updatedBy,
  ...route.problem !== undefined && { problem: route.problem },
});

export const versionJson = (
  { version, at, by, before, after }: RouteVersion,
): z.infer<typeof historyEntrySchema> => ({
  version,
  at,
  by,
  before: before && settingsJson(before),
  after: after && settingsJson(after),
});
