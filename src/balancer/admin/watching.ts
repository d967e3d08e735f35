import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { CONTENT_TYPES, type Family, formatFor, renderMetrics } from "../../shared/exposition.ts";
import type { Caller } from "./authentication.ts";

/** What the service tells of itself. */
export interface Telling {
  readonly metrics: () => readonly Family[];
}

/** The numbers of the service, for programs and for the page. */
export function addWatching(
  app: OpenAPIHono<Caller>,
  telling: Telling,
  guard: MiddlewareHandler<Caller>,
): void {
  app.get("/metrics", guard, (c) => {
    const format = formatFor(c.req.header("Accept"));
    return c.body(renderMetrics(telling.metrics(), format), 200, { "Content-Type": CONTENT_TYPES[format] });
  });
}
