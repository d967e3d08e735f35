import type { MiddlewareHandler } from "hono";
import { Problem } from "./problems.ts";
import type { Tokens } from "./tokens.ts";

/** What every handler behind {@linkcode authenticated} knows of its caller. */
export interface Caller {
  Variables: {
    /** The name of the token. */
    caller: string;
  };
}

const CHALLENGE = 'Bearer realm="balancer"';

/** Lets nobody through without a token of the service's (RFC 6750). */
export const authenticated = (tokens: Tokens): MiddlewareHandler<Caller> => async (context, next) => {
  if (tokens.count === 0) {
    throw new Problem(
      "no-tokens",
      'set ADMIN_TOKENS to NAME:TOKEN, the token from "openssl rand -hex 32", and start the service again',
    );
  }
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(context.req.header("Authorization") ?? "") ?? [];
  const caller = tokens.authenticate(token);
  if (caller === undefined) {
    // Without a token there is no error to name (RFC 6750, 3.1).
    throw token === undefined
      ? new Problem("token-missing", 'send the header "Authorization: Bearer TOKEN"', {
        headers: { "WWW-Authenticate": CHALLENGE },
      })
      : new Problem("token-unknown", "send one of the tokens in ADMIN_TOKENS", {
        headers: { "WWW-Authenticate": `${CHALLENGE}, error="invalid_token"` },
      });
  }
  context.set("caller", caller);
  await next();
};
