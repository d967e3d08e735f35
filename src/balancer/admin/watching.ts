import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { CONTENT_TYPES, type Family, formatFor, renderMetrics } from "../../shared/metrics/exposition.ts";
import { EVENTS_TYPE } from "../../shared/http/event_streams.ts";
import { streamOf } from "../../shared/http/file_forms.ts";
import type { StaticFile } from "../../shared/http/static_file.ts";
import type { Caller } from "./authentication.ts";
import { pageFiles } from "./files.ts";
import { Problem } from "./problems.ts";

/** What the service tells of itself. */
export interface Telling {
  readonly metrics: () => readonly Family[];
  /** JSON, with the last hour or without. */
  readonly status: (hasHistory: boolean) => string;
}

/** Where the status is told once a second; {@linkcode EVENTS_TYPE} has the listener open a stream of it. */
export const EVENTS_PATH = "/api/v1/events";

/** The numbers of the service, for programs and for the page; and the page, which holds none itself. */
export function addWatching(
  app: OpenAPIHono<Caller>,
  telling: Telling,
  guard: MiddlewareHandler<Caller>,
): void {
  app.get("/metrics", guard, (c) => {
    const format = formatFor(c.req.header("Accept"));
    return c.body(renderMetrics(telling.metrics(), format), 200, { "Content-Type": CONTENT_TYPES[format] });
  });
  app.get("/api/v1/status", guard, (c) => {
    const { history, ...others } = c.req.query();
    if (!(history === undefined || history === "no") || Object.keys(others).length > 0) {
      const detail = "give none, or history=no";
      throw new Problem("invalid-parameter", detail, { errors: [{ parameter: "history", detail }] });
    }
    return c.body(telling.status(history === undefined), 200, { "Content-Type": "application/json" });
  });
  app.get(EVENTS_PATH, guard, (c) => c.body(null, 200, { "Content-Type": EVENTS_TYPE }));
  for (const [path, file] of pageFiles()) app.get(path, (c) => responseOf(file, c));
}

async function responseOf(file: StaticFile, c: Context): Promise<Response> {
  const { status, fields, body } = await file.answer({
    acceptEncoding: c.req.header("Accept-Encoding"),
    ifNoneMatch: c.req.header("If-None-Match"),
  });
  const headers = fields.map(([name, value]): [string, string] => [name, value]);
  return new Response(status === 304 ? null : streamOf(body), { status, headers });
}
