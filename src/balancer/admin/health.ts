import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Caller } from "./authentication.ts";
import { Problem, PROBLEMS } from "./problems.ts";
import { problemSchema } from "./schemas.ts";

/**
 * Whether the service redirects viewers, and with which routes:
 * - `ready`: with the routes of the database;
 * - `read-only`: the same, but the database takes no changes;
 * - `stale`: with the last routes known, because the database is down;
 * - `starting`: not yet, because no routes are known;
 * - `stopping`: no more, because the service is stopping;
 * - `no-workers`: no more, because every worker has died.
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
  summary: "Check whether the service is alive",
  responses: { 200: { description: "The service is alive", content: status("alive") }, ...misdirected },
});

const readyz = createRoute({
  ...common,
  path: "/readyz",
  operationId: "readyz",
  summary: "Check whether the service can redirect viewers",
  responses: {
    200: {
      description:
        "The service can redirect viewers. `read-only`: the database takes no changes; `stale`: the " +
        "database is down, and redirects use the last routes known",
      content: status("ready", "read-only", "stale"),
    },
    503: {
      description: "The service has no routes yet, is stopping, or has no workers left",
      content: problem,
    },
    ...misdirected,
  },
});

/** Adds the health checks of the service. They need no token. */
export function addHealth(app: OpenAPIHono<Caller>, readiness: () => Readiness): void {
  app.openapi(healthz, (c) => c.json({ status: "alive" as const }, 200));
  app.openapi(readyz, (c) => {
    const status = readiness();
    if (status === "starting") {
      throw new Problem("not-ready", "try again in a second", { headers: { "Retry-After": "1" } });
    }
    if (status === "stopping") throw new Problem("stopping", "use another instance");
    if (status === "no-workers") throw new Problem("no-workers", "look for worker_lost in the log");
    return c.json({ status }, 200);
  });
}
