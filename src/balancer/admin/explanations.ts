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
    reason: z.string().openapi({ description: "The rule that the URL breaks, as a viewer is told it" }),
  }),
}).openapi("ExplainedRefusal");

const redirectSchema = z.object({
  cluster: z.string(),
  version: z.int().openapi({ description: "Of the route" }),
  spread: z.enum(["turn", "directory", "path"]).openapi({
    description: "What decides: whose turn it is, or the video's server with its directory or its path",
  }),
  turn: z.string().openapi({
    description: "The turn that a request would take; it is not taken",
    example: "7",
  }),
  destinations: z.array(z.object({
    name: z.string(),
    weight: z.int(),
    share: z.number().openapi({ description: "The part of all redirects that it takes now, from 0 to 1" }),
    health: z.string().openapi({ description: "As GET /api/v1/health has it", example: "up" }),
    reason: z.string().openapi({ description: "Of its health, as there" }),
    away: reasonSchema.optional().openapi({ description: "Why it takes none of its weight" }),
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
  summary: "What would happen to a request for a video now, and why",
  request: {
    query: z.strictObject({
      video: z.string({ error: "give the URL of a video" }).openapi({
        description: "As a viewer gives it",
        example: "http://s1.origin-cluster/video/1488/xcg2djHckad.m3u8",
      }),
    }),
  },
  responses: {
    200: {
      description: "The refusal, or the redirect",
      content: { "application/json": { schema: z.union([refusalSchema, redirectSchema]) } },
    },
    ...refusals("not-ready"),
  },
});

/** @param explain undefined while no routes are known */
export function addExplain(
  app: OpenAPIHono<Caller>,
  explain: (video: string) => Explanation | undefined,
): void {
  app.openapi(operation, (c) => {
    const explanation = explain(c.req.valid("query").video);
    if (explanation === undefined) {
      throw new Problem("not-ready", "the service waits for the database: /readyz tells when it is ready");
    }
    if ("refusal" in explanation) return c.json(explanation, 200);
    const destinations = explanation.destinations.map(({ away, ...destination }) => ({
      ...destination,
      ...away !== undefined && { away },
    }));
    return c.json({ ...explanation, destinations }, 200);
  });
}
