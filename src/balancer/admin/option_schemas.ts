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
 * A value as it is described. It is not looked at here: route_option_rules.ts decides, so that there is one set of rules.
 *
 * @param example of what to give where it is missing
 */
const required = <Value>(example: unknown, description: object) =>
  z.custom<Value>((value) => value !== undefined, `missing: give one, such as ${example}`)
    .openapi({ ...description, example });

/** As {@linkcode required}, but for null and nothing, which stand for the default. */
const optional = <Value>(type: "string" | "integer" | "number" | "boolean", description: object) =>
  z.custom<Value>().optional().openapi({ ...description, type: [type, "null"] });

const oneOf = (...values: readonly (string | number)[]) => ({ enum: [...values, null] });

const anObject = { error: "give an object, or null" };

const checkFields = {
  path: required<CheckJson["path"]>("/ping", {
    type: "string",
    maxLength: CHECK_PATH_CHARS_MAX,
    description: "Asked for at the destination's host, with its query if it has one",
  }),
  host: optional<CheckJson["host"]>("string", {
    maxLength: CDN_HOST_CHARS_MAX,
    description: "The host to ask, with a scheme and a port if need be; by default the destination's own",
    example: "https://probe.example.net:8443",
  }),
  every_s: optional<CheckJson["every_s"]>("number", {
    minimum: 0.5,
    maximum: 3600,
    description: `Between two checks, in seconds; by default ${CHECK_DEFAULTS.everyS}`,
  }),
  timeout_s: optional<CheckJson["timeout_s"]>("number", {
    minimum: 0.1,
    maximum: 60,
    description: `For an answer to come, in seconds; by default ${CHECK_DEFAULTS.timeoutS}`,
  }),
  down_after: optional<CheckJson["down_after"]>("integer", {
    minimum: 1,
    maximum: 100,
    description: `So many failures in a row make it down; by default ${CHECK_DEFAULTS.downAfter}`,
  }),
  up_after: optional<CheckJson["up_after"]>("integer", {
    minimum: 1,
    maximum: 100,
    description: `So many successes in a row make it up again; by default ${CHECK_DEFAULTS.upAfter}`,
  }),
  expect: optional<CheckJson["expect"]>("string", {
    description: `The statuses of an answer that is well; by default ${CHECK_DEFAULTS.expect}`,
    example: CHECK_DEFAULTS.expect,
  }),
};

const checkSchema = z.strictObject(checkFields, anObject).openapi("Check", {
  description: "How to find out whether a destination is well",
});

const checkPatchSchema = z.strictObject(checkFields, anObject).partial().openapi("CheckPatch", {
  description: "The parts of a check to change; null resets one",
});

const cdnSchema = z.strictObject({
  name: required<CdnJson["name"]>("cdn-a", {
    type: "string",
    pattern: CDN_NAME_PATTERN.source,
    description: "Within the route; not origin",
  }),
  host: required<CdnJson["host"]>("cdn-a.example.net", {
    type: "string",
    maxLength: CDN_HOST_CHARS_MAX,
    description: "The base of its URLs, as cdn_host",
  }),
  weight: required<CdnJson["weight"]>(6, {
    type: "integer",
    minimum: 0,
    maximum: WEIGHT_MAX,
    description: "Of as many requests as all weights together, this many go to it",
  }),
  enabled: optional<CdnJson["enabled"]>("boolean", {
    description: "Whether it takes its turns; false keeps its settings",
  }),
  check: checkSchema.nullish(),
}, { error: "give an object" }).openapi("Cdn");

/** What a route may have beside its one CDN. */
export const optionFields = {
  cdns: z.array(cdnSchema, { error: `give 1 to ${CDNS_MAX} CDNs` }).nullish().openapi({
    description: "In place of cdn_host and cdn_weight, which are the short form of one CDN named cdn",
    minItems: 1,
    maxItems: CDNS_MAX,
  }),
  origin_check: checkSchema.nullish(),
  origin_rate_max: optional<OptionsJson["origin_rate_max"]>("integer", {
    minimum: 1,
    maximum: ORIGIN_RATE_MAX,
    description: "The most redirects to the origin in a second; what goes over it goes to the CDNs",
    example: 500,
  }),
  spread: optional<OptionsJson["spread"]>("string", {
    ...oneOf("turn", "path"),
    description:
      "turn, the default: in turn, exactly by the weights; path: one video always goes to the same place",
  }),
  spread_by: optional<OptionsJson["spread_by"]>("string", {
    ...oneOf("directory", "path"),
    description:
      "With spread path: directory, the default, keeps the files of a directory together; path does not",
  }),
  status: optional<OptionsJson["status"]>("integer", {
    ...oneOf(301, ...REDIRECT_STATUSES),
    description: "The status of a redirect; by default 301",
  }),
  enabled: optional<OptionsJson["enabled"]>("boolean", {
    description: "Whether the videos are redirected at all; false keeps the settings",
  }),
  steering_ttl: optional<OptionsJson["steering_ttl"]>("integer", {
    minimum: 1,
    maximum: 3600,
    description: `After so many seconds a player asks again where to go; by default ${STEERING_TTL_S}`,
  }),
};

export const optionPatchFields = { ...optionFields, origin_check: checkPatchSchema.nullish() };
