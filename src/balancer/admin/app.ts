import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { ListenerClock } from "../../shared/http/listener.ts";
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
  readonly clock: Pick<ListenerClock, "monotonicMs" | "setTimer">;
  readonly readiness: () => Readiness;
  /** What would happen to a request for a video; undefined while no routes are known. */
  readonly explain: (video: string) => Explanation | undefined;
  /** The names of the service, beside its addresses and localhost. */
  readonly hosts: readonly string[];
  readonly telling: Telling;
  /** Undefined: everybody may watch. */
  readonly isMetricsToken: ((token: string) => boolean) | undefined;
  /** Is added to. */
  readonly changes: ChangeCounts;
  /** Of the service, as the description of the API gives it. */
  readonly version: string;
}

/** The admin API. Whatever the request, it answers, and with a 5xx only for its own failures. */
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
  // What is added from here on is closed, whatever it is.
  app.use("/api/v1/*", authenticated(tokens, guesses), answersJson);
  addRoutes(app, store, log, changes);
  addExplain(app, explain);
  addDestinations(app, store, health, log);
  app.notFound((c) => refusal(app, c).toResponse());
  app.onError((error, c) => problemOf(error, log, c).toResponse());
  return { fetch: (request, env) => app.fetch(request, env) };
}

/** Nothing here is for a frame, another site, a guess at its type or, unless it says so itself, a cache. */
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
      "it is a standby, or set read-only: try again once it takes changes, or at an instance on the primary";
    return new Problem("database-read-only", detail, { headers: { "Retry-After": "1" } });
  }
  if (error instanceof StoreUnavailable) {
    const detail = "try again in a second; GET tells whether a change was made before the answer was lost";
    return new Problem("database-down", detail, { headers: { "Retry-After": "1" } });
  }
  log.error("admin_failed", `${c.req.method} ${c.req.path} failed`, { error });
  return new Problem("internal", "the log says more under admin_failed");
}

/** What a request gets that no handler is for. */
function refusal(app: OpenAPIHono<Caller>, c: Context): Problem {
  const { method, path } = c.req;
  const known = new Set(
    app.routes.filter((route) => route.method !== "ALL" && patternOf(route.path).test(path))
      .flatMap((route) => route.method === "GET" ? ["GET", "HEAD"] : [route.method]),
  );
  if (known.size === 0) return new Problem("unknown-path", "GET /api/v1/docs shows the calls there are");
  const allowed = [...known].join(", ");
  return new Problem("method-not-allowed", `${method} can't be used here: use ${allowed}`, {
    headers: { Allow: allowed },
  });
}

/** A path of hono's, such as `/api/v1/routes/:cluster`. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:\w+/g, "[^/]+")}$`);
