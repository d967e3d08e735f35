import { createRoute, z } from "@hono/zod-openapi";
import * as destinations from "./destination_schemas.ts";
import { CLOSED, json, JSON_TYPE, refusals, WITH_BODY } from "./operations.ts";
import { jsonBody } from "./requests.ts";
import { clusterSchema, noQuerySchema } from "./schemas.ts";

const HEALTH = "/api/v1/health";
const OVERRIDE = "/api/v1/overrides/{cluster}/{name}";

const common = { tags: ["Destinations"], ...CLOSED };

export const listHealth = createRoute({
  ...common,
  method: "get",
  path: HEALTH,
  operationId: "listHealth",
  summary: "Read the health of all destinations, as this instance sees it",
  request: { query: noQuerySchema },
  responses: {
    200: { description: "The health, by cluster", content: json(z.array(destinations.healthSchema)) },
    ...refusals(),
  },
});

export const getHealth = createRoute({
  ...common,
  method: "get",
  path: `${HEALTH}/{cluster}`,
  operationId: "getHealth",
  summary: "Read the health of the destinations of one cluster",
  request: { params: clusterSchema, query: noQuerySchema },
  responses: {
    200: {
      description: "The health of each destination, the origin first",
      content: json(destinations.healthSchema),
    },
    ...refusals("unknown-route"),
  },
});

export const putHealth = createRoute({
  ...common,
  method: "put",
  path: `${HEALTH}/{cluster}/{name}`,
  operationId: "putHealth",
  summary: "Report the health of a destination to this instance",
  description:
    "For probers. A report is valid for 3 × `every_s` + `timeout_s` of the destination's check. Only this " +
    "instance knows of it, until the instance stops.",
  middleware: jsonBody(JSON_TYPE),
  request: {
    params: destinations.destinationParams,
    query: noQuerySchema,
    body: { required: true, content: json(destinations.reportSchema) },
  },
  responses: {
    204: { description: "The report was accepted" },
    ...refusals("unknown-route", "unknown-destination", ...WITH_BODY),
  },
});

export const putOverride = createRoute({
  ...common,
  method: "put",
  path: OVERRIDE,
  operationId: "putOverride",
  summary: "Force a destination up or down, or drain a destination or an origin server, for a limited time",
  description:
    "The override applies on every instance and ends by itself. It does not create a version of the route.",
  middleware: jsonBody(JSON_TYPE),
  request: {
    params: destinations.destinationParams,
    query: noQuerySchema,
    body: { required: true, content: json(destinations.overrideBodySchema) },
  },
  responses: {
    200: { description: "The override is set", content: json(destinations.overrideSchema) },
    ...refusals("unknown-route", "unknown-destination", ...WITH_BODY),
  },
});

export const deleteOverride = createRoute({
  ...common,
  method: "delete",
  path: OVERRIDE,
  operationId: "deleteOverride",
  summary: "Remove an override, so that the checks decide again",
  request: { params: destinations.destinationParams, query: noQuerySchema },
  responses: { 204: { description: "The override was removed" }, ...refusals("unknown-override") },
});
