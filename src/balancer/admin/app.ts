import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { Clock } from "../../shared/clock.ts";
import type { Log } from "../../shared/log.ts";
import type { Explanation } from "../redirect/explain.ts";
import type { HealthBoard } from "../health/health_board.ts";
import { type Store, StoreReadOnly, StoreUnavailable } from "../store/store.ts";
import { authenticated, type Caller, watching } from "./authentication.ts";
import type { ChangeCounts } from "./changes.ts";
import { addDestinations } from "./destinations.ts";
import { addDocs } from "./docs.ts";
import { addExplain } from "./explanations.ts";
import { Guesses } from "./guesses.ts";
import { addHealth, type Readiness } from "./health.ts";
import { knownHosts } from "./hosts.ts";
import { Problem } from "./problems.ts";
import { answersJson, invalid } from "./requests.ts";
import { addRoutes } from "./routes.ts";
import type { AdminApp } from "./server.ts";
import type { Tokens } from "./tokens.ts";
import { addWatching, type Telling } from "./watching.ts";

export interface AdminOptions {
  readonly store: Store;
  readonly health: HealthBoard;
  readonly tokens: Tokens;
  readonly log: Log;
  readonly clock: Pick<Clock, "monotonicMs" | "setTimer">;
  readonly readiness: () => Readiness;
  /** Explains how a request for a video would be answered; undefined while no routes are known. */
  readonly explain: (video: string) => Explanation | undefined;
  /** The host names of the service, besides its IP addresses and localhost. */
  readonly hosts: readonly string[];
  readonly telling: Telling;
  /** Undefined: metrics and status need no token. */
  readonly isMetricsToken: ((token: string) => boolean) | undefined;
  /** The counts that the app adds its changes to. */
  readonly changes: ChangeCounts;
  /** The version of the service, for the description of the API. */
  readonly version: string;
}

/**
 * Makes the admin API. It answers every request. An answer of 5xx means that the service or its database
 * failed, never that the request was wrong.
 */
export function adminApp(options: AdminOptions): AdminApp {
  const { store, health, tokens, log, clock, readiness, explain, hosts, version } = options;
  const { telling, isMetricsToken, changes } = options;
  const guesses = new Guesses(log, clock);
  const app = new OpenAPIHono<Caller>({
    defaultHook(result) {
      if (!result.success) throw invalid(result.error, result.target);
    },
  });
  app.use(hardened, knownHosts(hosts));
  addHealth(app, readiness);
  addDocs(app, version);
  addWatching(app, telling, watching(isMetricsToken, tokens, guesses));
  // Everything below needs a token.
  app.use("/api/v1/*", authenticated(tokens, guesses), answersJson);
  addRoutes(app, store, log, changes);
  addExplain(app, explain);
  addDestinations(app, store, health, log);
  app.notFound((c) => refusal(app, c).toResponse());
  app.onError((error, c) => problemOf(error, log, c).toResponse());
  return { fetch: (request, env) => app.fetch(request, env) };
}

/** Forbids frames, use by other sites, guesses at the type and, unless the answer allows it, caching. */
const hardened: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Referrer-Policy", "no-referrer");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  if (!c.res.headers.has("Content-Security-Policy")) {
    c.header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
};

function problemOf(error: Error, log: Log, c: Context): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreReadOnly) {
    const detail =
      "it is a standby or read-only: try again later, or use an instance that is on the primary database";
    return new Problem("database-read-only", detail, { headers: { "Retry-After": "1" } });
  }
  if (error instanceof StoreUnavailable) {
    const detail = "try again in a second; to repeat a change, GET the route first: it may have been made";
    return new Problem("database-down", detail, { headers: { "Retry-After": "1" } });
  }
  log.error("admin_failed", `${c.req.method} ${c.req.path} failed`, { error });
  return new Problem("internal", "look for admin_failed in the log");
}

/** Returns the problem of a request that has no handler. */
function refusal(app: OpenAPIHono<Caller>, c: Context): Problem {
  const { method, path } = c.req;
  const known = new Set(
    app.routes.filter((route) => route.method !== "ALL" && patternOf(route.path).test(path))
      .flatMap((route) => route.method === "GET" ? ["GET", "HEAD"] : [route.method]),
  );
  if (known.size === 0) return new Problem("unknown-path", "open /api/v1/docs for all calls");
  const allowed = [...known].join(", ");
  return new Problem("method-not-allowed", `${method} can't be used here: use ${allowed}`, {
    headers: { Allow: allowed },
  });
}

/** Converts a path of hono, such as `/api/v1/routes/:cluster`, to a regular expression. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:\w+/g, "[^/]+")}$`);
