import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Caller } from "./authentication.ts";
import { Problem, PROBLEMS } from "./problems.ts";
import { problemSchema } from "./schemas.ts";

/**
 * What redirects are made from: the database's routes, which may take no changes; the last ones known, with the database down; or nothing yet. Or
 * why none are made any more: the service stops, or every worker died.
 */
export type Readiness = "ready" | "read-only" | "stale" | "starting" | "stopping" | "no-workers";

const status = <const Word extends string>(...words: readonly [Word, ...Word[]]) => ({
  "application/json": { schema: z.object({ status: z.enum(words) }) },
});

const common = { method: "get" as const, tags: ["Health"], security: [] };

const problem = { "application/problem+json": { schema: problemSchema } };
const misdirected = { 421: { description: PROBLEMS["unknown-host"].title, content: problem } };

const healthz = createRoute({
  ...common,
  path: "/healthz",
  operationId: "healthz",
  summary: "Whether the service is alive",
  responses: { 200: { description: "It is", content: status("alive") }, ...misdirected },
});

const readyz = createRoute({
  ...common,
  path: "/readyz",
  operationId: "readyz",
  summary: "Whether the service can redirect",
  responses: {
    200: {
      description:
        "It can; read-only: the database takes no changes; stale: it is down, and the routes are the " +
        "last ones known",
      content: status("ready", "read-only", "stale"),
    },
    503: {
      description: "It has no routing table yet, it is about to stop, or its workers died",
      content: problem,
    },
    ...misdirected,
  },
});

/** The calls for whoever watches over the service; they need no token. */
export function addHealth(app: OpenAPIHono<Caller>, readiness: () => Readiness): void {
  app.openapi(healthz, (c) => c.json({ status: "alive" as const }, 200));
  app.openapi(readyz, (c) => {
    const status = readiness();
    if (status === "starting") {
      throw new Problem("not-ready", "ask again in a second", { headers: { "Retry-After": "1" } });
    }
    if (status === "stopping") throw new Problem("stopping", "ask another instance");
    if (status === "no-workers") throw new Problem("no-workers", "the log says why, under worker_lost");
    return c.json({ status }, 200);
  });
}
