import { createRoute, z } from "@hono/zod-openapi";
import { PATCH_EXAMPLES, PUT_EXAMPLES } from "./examples.ts";
import { type ProblemName, PROBLEMS } from "./problems.ts";
import { jsonBody } from "./requests.ts";
import * as schemas from "./schemas.ts";

/** The name of the security scheme in the OpenAPI description. */
export const TOKEN_SCHEME = "token";

const PATH = "/api/v1/routes";
const ONE = `${PATH}/{cluster}`;

export const JSON_TYPE = "application/json";

/** The OpenAPI content of a body: JSON that fits this schema. */
export const json = <Schema extends z.ZodType>(schema: Schema) => ({ [JSON_TYPE]: { schema } });

const tagged = z.object({
  ETag: z.string().openapi({ description: "The version of the route, in quotes", example: '"3"' }),
});

const oneRoute = (description: string) => ({
  description,
  headers: tagged,
  content: json(schemas.routeSchema),
});

/** The errors that every call with a token may answer with. */
const ALWAYS: readonly ProblemName[] = [
  "token-missing",
  "no-tokens",
  "token-forbidden",
  "invalid-parameter",
  "not-acceptable",
  "unknown-host",
  "too-many-attempts",
  "internal",
  "database-down",
  "database-read-only",
];
/** The further errors of a call with a body. */
export const WITH_BODY: readonly ProblemName[] = [
  "malformed-json",
  "body-too-large",
  "unsupported-media-type",
  "invalid-body",
];

/** Describes the error answers of a call, one for each status. */
export function refusals(...names: readonly ProblemName[]) {
  const titles = new Map<number, string[]>();
  for (const name of [...ALWAYS, ...names]) {
    const { status, title } = PROBLEMS[name];
    titles.set(status, [...titles.get(status) ?? [], title]);
  }
  const content = { "application/problem+json": { schema: schemas.problemSchema } };
  return Object.fromEntries(
    [...titles].map(([status, texts]) => [status, { description: texts.join("; "), content }]),
  );
}

/** Marks a call that needs a token. */
export const CLOSED = { security: [{ [TOKEN_SCHEME]: [] }] };

const common = { tags: ["Routes"], ...CLOSED };

export const listRoutes = createRoute({
  ...common,
  method: "get",
  path: PATH,
  operationId: "listRoutes",
  summary: "List all routes",
  request: { query: schemas.noQuerySchema },
  responses: {
    200: { description: "All routes, sorted by cluster", content: json(z.array(schemas.routeSchema)) },
    ...refusals(),
  },
});

export const getRoute = createRoute({
  ...common,
  method: "get",
  path: ONE,
  operationId: "getRoute",
  summary: "Read a route",
  request: {
    params: schemas.clusterSchema,
    query: schemas.noQuerySchema,
    headers: schemas.readConditionsSchema,
  },
  responses: {
    200: oneRoute("The route"),
    304: { description: "The client already has this version", headers: tagged },
    ...refusals("unknown-route"),
  },
});

export const putRoute = createRoute({
  ...common,
  method: "put",
  path: ONE,
  operationId: "putRoute",
  summary: "Create or replace a route",
  description: "Give the CDNs as `cdns`, or a single CDN as `cdn_host` and `cdn_weight`.",
  middleware: jsonBody(JSON_TYPE),
  request: {
    params: schemas.clusterSchema,
    query: schemas.noQuerySchema,
    headers: schemas.conditionsSchema,
    body: {
      required: true,
      content: { [JSON_TYPE]: { schema: schemas.settingsSchema, examples: PUT_EXAMPLES } },
    },
  },
  responses: {
    200: oneRoute("The route was replaced"),
    201: { ...oneRoute("The route was created"), headers: tagged.extend({ Location: z.string() }) },
    ...refusals("precondition-failed", ...WITH_BODY),
  },
});

const MERGE_PATCH_TYPE = "application/merge-patch+json";

export const patchRoute = createRoute({
  ...common,
  method: "patch",
  path: ONE,
  operationId: "patchRoute",
  summary: "Change some fields of a route",
  description:
    "A list is replaced as a whole; null resets an optional field to its default (RFC 7396). If the route " +
    "has `cdns`, change its CDNs there, not with `cdn_host` and `cdn_weight`.",
  middleware: jsonBody(MERGE_PATCH_TYPE, JSON_TYPE),
  request: {
    params: schemas.clusterSchema,
    query: schemas.noQuerySchema,
    headers: schemas.conditionsSchema,
    body: {
      required: true,
      content: {
        [JSON_TYPE]: { schema: schemas.patchSchema, examples: PATCH_EXAMPLES },
        [MERGE_PATCH_TYPE]: { schema: schemas.patchSchema, examples: PATCH_EXAMPLES },
      },
    },
  },
  responses: {
    200: oneRoute("The route was changed"),
    ...refusals("unknown-route", "precondition-failed", ...WITH_BODY),
  },
});

export const deleteRoute = createRoute({
  ...common,
  method: "delete",
  path: ONE,
  operationId: "deleteRoute",
  summary: "Remove a route",
  description: "The history of the route stays, so that its versions can be restored.",
  request: {
    params: schemas.anyClusterSchema,
    query: schemas.noQuerySchema,
    headers: schemas.conditionsSchema,
  },
  responses: {
    204: { description: "The route was removed" },
    ...refusals("unknown-route", "precondition-failed"),
  },
});

export const listHistory = createRoute({
  ...common,
  method: "get",
  path: `${ONE}/history`,
  operationId: "listHistory",
  summary: "List the versions of a route, newest first",
  request: { params: schemas.clusterSchema, query: schemas.pageSchema },
  responses: {
    200: {
      description: "A page of versions",
      headers: z.object({
        Link: z.string().optional().openapi({
          description: 'Link to the next page, if there is one: `<…>; rel="next"`',
        }),
      }),
      content: json(z.array(schemas.historyEntrySchema)),
    },
    ...refusals("unknown-route"),
  },
});

export const restoreRoute = createRoute({
  ...common,
  method: "post",
  path: `${ONE}/restore`,
  operationId: "restoreRoute",
  summary: "Restore an earlier version of a route, as a new version",
  description: "A version that removed the route has no settings to restore: the answer is 409.",
  middleware: jsonBody(JSON_TYPE),
  request: {
    params: schemas.clusterSchema,
    query: schemas.noQuerySchema,
    headers: schemas.conditionsSchema,
    body: { required: true, content: json(schemas.restoreSchema) },
  },
  responses: {
    200: oneRoute("The version was restored"),
    201: {
      ...oneRoute("The version was restored, of a route that had been removed"),
      headers: tagged.extend({ Location: z.string() }),
    },
    ...refusals("unknown-route", "unknown-version", "deleted-version", "precondition-failed", ...WITH_BODY),
  },
});
