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
  summary: "The health of all destinations, as this instance sees it",
  request: { query: noQuerySchema },
  responses: {
    200: { description: "By cluster", content: json(z.array(destinations.healthSchema)) },
    ...refusals(),
  },
});

export const getHealth = createRoute({
  ...common,
  method: "get",
  path: `${HEALTH}/{cluster}`,
  operationId: "getHealth",
  summary: "The health of the destinations of one cluster",
  request: { params: clusterSchema, query: noQuerySchema },
  responses: {
    200: { description: "The origin first", content: json(destinations.healthSchema) },
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
    "For what probes. A report holds for 3 × every_s + timeout_s of its check, and is kept nowhere.",
  middleware: jsonBody(JSON_TYPE),
  request: {
    params: destinations.destinationParams,
    query: noQuerySchema,
    body: { required: true, content: json(destinations.reportSchema) },
  },
  responses: {
    204: { description: "Noted" },
    ...refusals("unknown-route", "unknown-destination", ...WITH_BODY),
  },
});

export const putOverride = createRoute({
  ...common,
  method: "put",
  path: OVERRIDE,
  operationId: "putOverride",
  summary: "Force a destination up or down, or drain it or a server of the origin, for a time",
  description: "Holds on every instance, and ends by itself. It is no version of the route.",
  middleware: jsonBody(JSON_TYPE),
  request: {
    params: destinations.destinationParams,
    query: noQuerySchema,
    body: { required: true, content: json(destinations.overrideBodySchema) },
  },
  responses: {
    200: { description: "In force", content: json(destinations.overrideSchema) },
    ...refusals("unknown-route", "unknown-destination", ...WITH_BODY),
  },
});

export const deleteOverride = createRoute({
  ...common,
  method: "delete",
  path: OVERRIDE,
  operationId: "deleteOverride",
  summary: "Let the health of a destination decide again",
  request: { params: destinations.destinationParams, query: noQuerySchema },
  responses: { 204: { description: "Removed" }, ...refusals("unknown-override") },
});
