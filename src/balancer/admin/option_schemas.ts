import { z } from "@hono/zod-openapi";
import { CDN_HOST_CHARS_MAX, WEIGHT_MAX } from "../routes/route_settings.ts";
import {
  CDN_NAME_PATTERN,
  CDNS_MAX,
  CHECK_DEFAULTS,
  CHECK_PATH_CHARS_MAX,
  ORIGIN_RATE_MAX,
  REDIRECT_STATUSES,
  STEERING_TTL_S,
} from "../routes/route_options.ts";
import type { CdnJson, CheckJson, OptionsJson } from "../routes/route_options_json.ts";

/**
 * A value that must be given. Here the value is only described. route_option_rules.ts checks it, so that
 * there is a single set of rules.
 *
 * @param example of the value, for the error if it is missing
 */
const required = <Value>(example: unknown, description: object) =>
  z.custom<Value>((value) => value !== undefined, `missing: give a value such as ${example}`)
    .openapi({ ...description, example });

/** Like {@linkcode required}, but the value may be missing or null, which stands for the default. */
const optional = <Value>(type: "string" | "integer" | "number" | "boolean", description: object) =>
  z.custom<Value>().optional().openapi({ ...description, type: [type, "null"] });

const oneOf = (...values: readonly (string | number)[]) => ({ enum: [...values, null] });

const anObject = { error: "give an object, or null" };

const checkFields = {
  path: required<CheckJson["path"]>("/ping", {
    type: "string",
    maxLength: CHECK_PATH_CHARS_MAX,
    description: "The path to request from the host, with a query if needed",
  }),
  host: optional<CheckJson["host"]>("string", {
    maxLength: CDN_HOST_CHARS_MAX,
    description: "The host to check, with a scheme and a port if needed; by default the destination's own",
    example: "https://probe.example.net:8443",
  }),
  every_s: optional<CheckJson["every_s"]>("number", {
    minimum: 0.5,
    maximum: 3600,
    description: `The seconds between two checks; by default ${CHECK_DEFAULTS.everyS}`,
  }),
  timeout_s: optional<CheckJson["timeout_s"]>("number", {
    minimum: 0.1,
    maximum: 60,
    description: `The seconds to wait for an answer; by default ${CHECK_DEFAULTS.timeoutS}`,
  }),
  down_after: optional<CheckJson["down_after"]>("integer", {
    minimum: 1,
    maximum: 100,
    description:
      `The failures in a row after which it counts as down; by default ${CHECK_DEFAULTS.downAfter}`,
  }),
  up_after: optional<CheckJson["up_after"]>("integer", {
    minimum: 1,
    maximum: 100,
    description:
      `The successes in a row after which it counts as up again; by default ${CHECK_DEFAULTS.upAfter}`,
  }),
  expect: optional<CheckJson["expect"]>("string", {
    description: `The statuses that count as a success; by default ${CHECK_DEFAULTS.expect}`,
    example: CHECK_DEFAULTS.expect,
  }),
};

const checkSchema = z.strictObject(checkFields, anObject).openapi("Check", {
  description: "The health check of a destination",
});

const checkPatchSchema = z.strictObject(checkFields, anObject).partial().openapi("CheckPatch", {
  description: "The fields of a check to change; null resets a field to its default",
});

const cdnSchema = z.strictObject({
  name: required<CdnJson["name"]>("cdn-a", {
    type: "string",
    pattern: CDN_NAME_PATTERN.source,
    description: "The name of the CDN, unique within the route; must not be `origin`",
  }),
  host: required<CdnJson["host"]>("cdn-a.example.net", {
    type: "string",
    maxLength: CDN_HOST_CHARS_MAX,
    description: "The base of the CDN's URLs, as in cdn_host",
  }),
  weight: required<CdnJson["weight"]>(6, {
    type: "integer",
    minimum: 0,
    maximum: WEIGHT_MAX,
    description: "The CDN gets this many out of N requests, where N is the sum of all weights",
  }),
  enabled: optional<CdnJson["enabled"]>("boolean", {
    description: "false: the CDN gets no requests, but its settings are kept; by default true",
  }),
  check: checkSchema.nullish(),
}, { error: "give an object" }).openapi("Cdn");

/** The optional fields of a route. */
export const optionFields = {
  cdns: z.array(cdnSchema, { error: `give 1 to ${CDNS_MAX} CDNs` }).nullish().openapi({
    description: "The CDNs. Replaces cdn_host and cdn_weight, the short form for a single CDN named `cdn`",
    minItems: 1,
    maxItems: CDNS_MAX,
  }),
  origin_check: checkSchema.nullish(),
  origin_rate_max: optional<OptionsJson["origin_rate_max"]>("integer", {
    minimum: 1,
    maximum: ORIGIN_RATE_MAX,
    description: "The most redirects to the origin in a second; the CDNs get the requests above this limit",
    example: 500,
  }),
  spread: optional<OptionsJson["spread"]>("string", {
    ...oneOf("turn", "path"),
    description:
      "`turn` (default): the destinations take turns, exactly by the weights; `path`: requests for the " +
      "same video always go to the same destination",
  }),
  spread_by: optional<OptionsJson["spread_by"]>("string", {
    ...oneOf("directory", "path"),
    description:
      "Only for spread `path`. `directory` (default): all files of a directory go to the same destination; " +
      "`path`: each file is assigned by itself",
  }),
  status: optional<OptionsJson["status"]>("integer", {
    ...oneOf(301, ...REDIRECT_STATUSES),
    description: "The status of a redirect; by default 301",
  }),
  enabled: optional<OptionsJson["enabled"]>("boolean", {
    description: "false: no video of the cluster is redirected, but the settings are kept; by default true",
  }),
  steering_ttl: optional<OptionsJson["steering_ttl"]>("integer", {
    minimum: 1,
    maximum: 3600,
    description:
      `The seconds after which a player asks for its steering manifest again; by default ${STEERING_TTL_S}`,
  }),
};

export const optionPatchFields = { ...optionFields, origin_check: checkPatchSchema.nullish() };
