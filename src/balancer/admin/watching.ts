import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { CONTENT_TYPES, type Family, formatFor, renderMetrics } from "../../shared/metrics/exposition.ts";
import { EVENTS_TYPE } from "../../shared/http/event_streams.ts";
import { streamOf } from "../../shared/http/file_forms.ts";
import type { StaticFile } from "../../shared/http/static_file.ts";
import type { Caller } from "./authentication.ts";
import { pageFiles } from "./files.ts";
import { Problem } from "./problems.ts";

/** The sources of the numbers that the service publishes. */
export interface Telling {
  readonly metrics: () => readonly Family[];
  /** Returns the status as JSON, with or without the history of the last hour. */
  readonly status: (hasHistory: boolean) => string;
}

/**
 * The path of the event stream of the status. The app only answers with {@linkcode EVENTS_TYPE};
 * `adminResponder` then opens the stream.
 */
export const EVENTS_PATH = "/api/v1/events";

/**
 * Adds the metrics, the status and its event stream, and the page. The page contains no data, so `guard` is
 * not for it.
 */
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
      const detail = "give no parameter, or history=no";
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
