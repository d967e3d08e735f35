import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "./problems.ts";
import type { Guesses } from "./guesses.ts";
import type { AdminEnv } from "./server.ts";
import type { Tokens } from "./tokens.ts";

/** What the handlers know of a caller; those behind {@linkcode authenticated} all of it. */
export interface Caller {
  Bindings: AdminEnv;
  Variables: {
    /** The name of the token. */
    caller: string;
  };
}

/** All that a token for health is for. */
const HEALTH_PATH = /^\/api\/v1\/health(\/|$)/;

const CHALLENGE = 'Bearer realm="balancer"';

/** Lets nobody through without a token of the service's (RFC 6750). */
export const authenticated =
  (tokens: Tokens, guesses: Guesses): MiddlewareHandler<Caller> => async (context, next) => {
    if (tokens.count === 0) {
      throw new Problem(
        "no-tokens",
        'set ADMIN_TOKENS to NAME:TOKEN, the token from "openssl rand -hex 32", and start the service again',
      );
    }
    const caller = callerOf(context, tokens.authenticate, guesses, "one of the tokens in ADMIN_TOKENS");
    if (tokens.isForHealth(caller) && !HEALTH_PATH.test(context.req.path)) {
      throw new Problem(
        "token-forbidden",
        `${caller} may see and report health: use another token for this call`,
      );
    }
    context.set("caller", caller);
    await next();
  };

/**
 * Lets everybody watch, or, where there is a token for it, those who send that one or another of the service's.
 *
 * @param isMetricsToken undefined: there is none
 */
export const watching = (
  isMetricsToken: ((token: string) => boolean) | undefined,
  tokens: Tokens,
  guesses: Guesses,
): MiddlewareHandler<Caller> =>
async (context, next) => {
  if (isMetricsToken) {
    const authenticate = (token: string) => isMetricsToken(token) ? "metrics" : tokens.authenticate(token);
    callerOf(context, authenticate, guesses, "the token of --metrics-token, or one in ADMIN_TOKENS");
  }
  await next();
};

/** The name of the token of a request. @throws {Problem} It has none, or a wrong one. */
function callerOf(
  context: Context<Caller>,
  authenticate: (token: string) => string | undefined,
  guesses: Guesses,
  right: string,
): string {
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(context.req.header("Authorization") ?? "") ?? [];
  if (token === undefined) {
    // Without a token there is no error to name (RFC 6750, 3.1).
    throw new Problem("token-missing", 'send the header "Authorization: Bearer TOKEN"', {
      headers: { "WWW-Authenticate": CHALLENGE },
    });
  }
  const caller = authenticate(token);
  const waitMs = guesses.judge(context.env.remoteAddr.hostname, caller);
  if (waitMs > 0) {
    const seconds = String(Math.ceil(waitMs / 1000));
    throw new Problem("too-many-attempts", `wait ${seconds} s, then send ${right}`, {
      headers: { "Retry-After": seconds },
    });
  }
  if (caller === undefined) {
    throw new Problem("token-unknown", `send ${right}`, {
      headers: { "WWW-Authenticate": `${CHALLENGE}, error="invalid_token"` },
    });
  }
  return caller;
}
