import { formatHostPort, type HostPort } from "../../shared/address.ts";
import { requireNet } from "../../shared/net_permission.ts";
import { messageOf } from "../../shared/error_message.ts";

/**
 * Tries the address to listen on before the workers are started, so that a mistake ends the start at once.
 *
 * @param shared whether another process of this user may listen there, too: one to take over from, or to hand over to.
 * Only the workers can find out whether it is such a process that has the address. To try that here would take
 * connections away from it.
 * @returns the address, with a free port in place of 0.
 * @throws {Error} The address is in use, or the permission for it is missing.
 */
export function claimAddress(listen: HostPort, shared = false): HostPort {
  const address = formatHostPort(listen);
  requireNet(`listen on ${address}`, [listen]);
  try {
    using listener = Deno.listen({ ...listen });
    return { hostname: listen.hostname, port: (listener.addr as Deno.NetAddr).port };
  } catch (error) {
    if (shared && error instanceof Deno.errors.AddrInUse) return listen;
    throw new Error(`Cannot listen on ${address}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
