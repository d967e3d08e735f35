import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Explanation } from "../redirect/explain.ts";
import { REASONS } from "../choose/reasons.ts";
import type { Caller } from "./authentication.ts";
import { refusals, TOKEN_SCHEME } from "./operations.ts";
import { Problem } from "./problems.ts";

const reasonSchema = z.enum(REASONS);

const refusalSchema = z.object({
  refusal: z.object({
    status: z.int().openapi({ example: 404 }),
    reason: z.string().openapi({ description: "The rule that the URL breaks, as in the answer to a viewer" }),
  }),
}).openapi("ExplainedRefusal");

const redirectSchema = z.object({
  cluster: z.string(),
  version: z.int().openapi({ description: "The version of the route" }),
  spread: z.enum(["turn", "directory", "path"]).openapi({
    description:
      "What decides the destination: `turn`: whose turn it is; `directory` or `path`: the video's " +
      "server and its directory or path",
  }),
  turn: z.string().openapi({
    description: "The number of the turn that a request would take; this call takes no turn",
    example: "7",
  }),
  destinations: z.array(z.object({
    name: z.string(),
    weight: z.int(),
    share: z.number().openapi({ description: "The part of all redirects that it gets now, from 0 to 1" }),
    health: z.string().openapi({ description: "Its state, as in GET /api/v1/health", example: "up" }),
    reason: z.string().openapi({ description: "The reason for its state, as in GET /api/v1/health" }),
    away: reasonSchema.optional().openapi({
      description: "Why it gets no requests now; missing if it gets its share",
    }),
  })),
  choice: z.object({ destination: z.string(), reason: reasonSchema }),
  location: z.string(),
}).openapi("ExplainedRedirect");

const operation = createRoute({
  tags: ["Routes"],
  security: [{ [TOKEN_SCHEME]: [] }],
  method: "get",
  path: "/api/v1/explain",
  operationId: "explain",
  summary: "Explain where a request for a video would be redirected now, and why",
  request: {
    query: z.strictObject({
      video: z.string({ error: "give the URL of a video" }).openapi({
        description: "The URL of the video, as a viewer gives it",
        example: "http://s1.origin-cluster/video/1488/xcg2djHckad.m3u8",
      }),
    }),
  },
  responses: {
    200: {
      description: "How the request would be answered: a refusal or a redirect",
      content: { "application/json": { schema: z.union([refusalSchema, redirectSchema]) } },
    },
    ...refusals("not-ready"),
  },
});

/**
 * Adds the call that explains a request.
 *
 * @param explain returns undefined while no routes are known
 */
export function addExplain(
  app: OpenAPIHono<Caller>,
  explain: (video: string) => Explanation | undefined,
): void {
  app.openapi(operation, (c) => {
    const explanation = explain(c.req.valid("query").video);
    if (explanation === undefined) {
      throw new Problem("not-ready", "it is waiting for the database: try again once /readyz answers 200");
    }
    if ("refusal" in explanation) return c.json(explanation, 200);
    const destinations = explanation.destinations.map(({ away, ...destination }) => ({
      ...destination,
      ...away !== undefined && { away },
    }));
    return c.json({ ...explanation, destinations }, 200);
  });
}
