import type { MiddlewareHandler } from "hono";
import { Problem } from "./problems.ts";

/** A `Host` that is an IPv4 address, or an IPv6 address in brackets, with or without a port. */
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d*)?$/i;

/** A host name as in DNS and in container networks; the latter allow `_`. */
const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * Parses the comma-separated host names of `--admin-host`.
 *
 * @throws {SyntaxError} A part is not a host name.
 */
export function parseHostNames(text: string): readonly string[] {
  if (text === "") return [];
  return text.toLowerCase().split(",").map((name) => {
    if (!NAME.test(name)) throw new SyntaxError("give host names without a port, separated by commas");
    return name;
  });
}

/**
 * Refuses a request whose `Host` is not a name of this service, as a protection against DNS rebinding: an
 * attacker can make his page's host name resolve to this machine, so that the browsers of his visitors send
 * requests to this service. But those browsers still send the attacker's name in `Host`.
 *
 * An IP address in `Host` is accepted, since DNS rebinding needs a name. A request without `Host` is
 * accepted, since it does not come from a browser.
 */
export function knownHosts(names: readonly string[]): MiddlewareHandler {
  const known = new Set(["localhost", ...names]);
  return async (context, next) => {
    const host = context.req.header("Host") ?? "";
    const name = host.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
    if (host !== "" && !ADDRESS.test(host) && !known.has(name)) {
      throw new Problem(
        "unknown-host",
        "use an IP address of the service, or restart it with the name in --admin-host (BALANCER_ADMIN_HOST)",
      );
    }
    await next();
  };
}
