import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "./problems.ts";
import type { Guesses } from "./guesses.ts";
import type { AdminEnv } from "./server.ts";
import type { Tokens } from "./tokens.ts";

/** What handlers know about the caller of a request. */
export interface Caller {
  Bindings: AdminEnv;
  Variables: {
    /** The name of the caller's token. Set only for handlers behind {@linkcode authenticated}. */
    caller: string;
  };
}

/** The paths that a token with `:health` may use. */
const HEALTH_PATH = /^\/api\/v1\/health(\/|$)/;

const CHALLENGE = 'Bearer realm="balancer"';

/** Refuses every request that has no token of `ADMIN_TOKENS` (RFC 6750). */
export const authenticated =
  (tokens: Tokens, guesses: Guesses): MiddlewareHandler<Caller> => async (context, next) => {
    if (tokens.count === 0) {
      throw new Problem(
        "no-tokens",
        'set ADMIN_TOKENS to NAME:TOKEN, with a TOKEN made by "openssl rand -hex 32", ' +
          "and restart the service",
      );
    }
    const caller = callerOf(context, tokens.authenticate, guesses, "a token from ADMIN_TOKENS");
    if (tokens.isForHealth(caller) && !HEALTH_PATH.test(context.req.path)) {
      throw new Problem(
        "token-forbidden",
        `the token of ${caller} may only read and report health: use another token for this call`,
      );
    }
    context.set("caller", caller);
    await next();
  };

/**
 * Guards what is only for watching: the metrics, the status and its event stream. Without `--metrics-token`
 * everybody may watch. With it a request needs that token, or one of `ADMIN_TOKENS`.
 *
 * @param isMetricsToken whether a token is that of `--metrics-token`; undefined if the flag is not set
 */
export const watching = (
  isMetricsToken: ((token: string) => boolean) | undefined,
  tokens: Tokens,
  guesses: Guesses,
): MiddlewareHandler<Caller> =>
async (context, next) => {
  if (isMetricsToken) {
    const authenticate = (token: string) => isMetricsToken(token) ? "metrics" : tokens.authenticate(token);
    callerOf(context, authenticate, guesses, "the token of --metrics-token, or a token from ADMIN_TOKENS");
  }
  await next();
};

/**
 * Returns the name of a request's token.
 *
 * @param right says in an error which tokens are accepted
 * @throws {Problem} The token is missing or wrong, or the address has to wait.
 */
function callerOf(
  context: Context<Caller>,
  authenticate: (token: string) => string | undefined,
  guesses: Guesses,
  right: string,
): string {
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(context.req.header("Authorization") ?? "") ?? [];
  if (token === undefined) {
    // A challenge to a request without a token has no error code (RFC 6750, 3.1).
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
