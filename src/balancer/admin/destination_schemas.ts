import { z } from "@hono/zod-openapi";
import type { ClusterView, DestinationView } from "../health/health_board.ts";
import type { Target } from "../health/checks.ts";
import { FORCED_STATES, isServerName, type Override, OVERRIDE_S_MAX, serverOf } from "../routes/override.ts";
import { CDN_NAME_PATTERN } from "../routes/route_options.ts";
import { clusterSchema } from "./schemas.ts";

const anObject = { error: "give an object" };
const REASON_CHARS_MAX = 300;

/** The name of a destination, or `server:` and the name of an origin server. */
const nameSchema = z.string().superRefine((name, context) => {
  const server = serverOf(name);
  const isRight = server === undefined ? CDN_NAME_PATTERN.test(name) : isServerName(server);
  if (isRight) return;
  context.addIssue({
    code: "custom",
    message: "give the name of a destination, or server:NAME for an origin server",
  });
}).openapi({
  description: "The name of a CDN, or `origin`. An override may also name an origin server: `server:s3`",
  example: "origin",
});

export const destinationParams = clusterSchema.extend({ name: nameSchema });

export const reportSchema = z.strictObject({
  state: z.enum(["up", "down", "unchecked"], { error: "give up, down or unchecked" }),
  reason: z.string({ error: "give a string" }).max(REASON_CHARS_MAX, {
    error: `give at most ${REASON_CHARS_MAX} characters`,
  }).default("").openapi({
    description: "Why the destination is down, or why it was not probed",
    example: "status 503",
  }),
}, anObject).openapi("HealthReport");

const forS = { error: `give an integer from 1 to ${OVERRIDE_S_MAX}` };

export const overrideBodySchema = z.strictObject({
  state: z.enum(FORCED_STATES, { error: `give one of ${FORCED_STATES.join(", ")}` }).openapi({
    description: "`up`: it gets its share, whatever its health; `down` or `drain`: it gets no requests. An " +
      "origin server can only be drained",
    example: "drain",
  }),
  for_s: z.int(forS).min(1, forS).max(OVERRIDE_S_MAX, forS).openapi({
    description: "The seconds from now until the override ends",
    example: 3600,
  }),
}, anObject).openapi("OverrideSettings");

export const overrideSchema = z.object({
  name: z.string().openapi({ example: "server:s3" }),
  state: z.enum(FORCED_STATES),
  by: z.string().openapi({ description: "The name of the token that set the override", example: "alice" }),
  since: z.iso.datetime(),
  expires_at: z.iso.datetime(),
}).openapi("Override");

const targetSchema = z.object({
  url: z.string(),
  every_s: z.number(),
  timeout_s: z.number(),
  down_after: z.int(),
  up_after: z.int(),
  expect: z.string().openapi({ example: "200-399" }),
});

const destinationSchema = z.object({
  name: z.string().openapi({ example: "origin" }),
  state: z.enum(["up", "down", "unknown", "unchecked"]).openapi({
    description:
      "The result of its check. `unknown`: no recent report; `unchecked`: it has no check, or is not " +
      "probed. Both count as up",
  }),
  reason: z.string(),
  since: z.iso.datetime().nullable().openapi({
    description: "When the state began; null if the destination has no check",
  }),
  share: z.number().openapi({
    description:
      "The part of its share that it gets: 0 while it is down; rises to 1 over 10 s once it is up again",
  }),
  override: overrideSchema.nullable(),
  check: targetSchema.nullable().openapi({
    description: "The check that probers make; null if the destination has no check",
  }),
});

export const healthSchema = z.object({
  cluster: z.string().openapi({ example: "origin-cluster" }),
  destinations: z.array(destinationSchema),
  servers: z.array(overrideSchema).openapi({ description: "The origin servers that are drained" }),
}).openapi("Health");

export const overrideJson = (
  { name, state, by, since, expiresAt }: Override,
): z.infer<typeof overrideSchema> => ({
  name,
  state,
  by,
  since,
  expires_at: expiresAt,
});

export const healthJson = (
  { cluster, destinations, servers }: ClusterView,
): z.infer<typeof healthSchema> => ({
  cluster,
  destinations: destinations.map(destinationJson),
  servers: servers.map(overrideJson),
});

function destinationJson(
  { override, target, ...rest }: DestinationView,
): z.infer<typeof destinationSchema> {
  return {
    ...rest,
    override: override === undefined ? null : overrideJson(override),
    check: target === undefined ? null : targetJson(target),
  };
}

function targetJson(target: Target): z.infer<typeof targetSchema> {
  const { url, everyS, timeoutS, downAfter, upAfter, expect } = target;
  return {
    url,
    every_s: everyS,
    timeout_s: timeoutS,
    down_after: downAfter,
    up_after: upAfter,
    expect,
  };
}
