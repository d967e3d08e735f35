import type { MiddlewareHandler } from "hono";
import { Problem } from "./problems.ts";

/** An IPv4 address or an IPv6 address in brackets, as they stand in `Host`; the port may follow. */
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d*)?$/i;

/** A host name as DNS and networks of containers have them. */
const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * Reads names, separated by commas, as `--admin-host` has them.
 *
 * @throws {SyntaxError} One is no host name.
 */
export function parseHostNames(text: string): readonly string[] {
  if (text === "") return [];
  return text.toLowerCase().split(",").map((name) => {
    if (!NAME.test(name)) throw new SyntaxError("give host names without a port, separated by commas");
    return name;
  });
}

/**
 * Refuses a request for a name that is not this service's. A page of a stranger's can have its own name lead to this
 * machine (DNS rebinding): then the browser of somebody who reads that page talks to this service for it. What it can't
 * do is to send another name than that in `Host`.
 *
 * An address is nobody's name, and a request without `Host` comes from no browser.
 */
export function knownHosts(names: readonly string[]): MiddlewareHandler {
  const known = new Set(["localhost", ...names]);
  return async (context, next) => {
    const host = context.req.header("Host") ?? "";
    const name = host.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
    if (host !== "" && !ADDRESS.test(host) && !known.has(name)) {
      throw new Problem(
        "unknown-host",
        "use the service's address, or start it with --admin-host and this name (BALANCER_ADMIN_HOST)",
      );
    }
    await next();
  };
}
