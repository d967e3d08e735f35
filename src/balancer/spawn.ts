import type { HostPort } from "../shared/flags/flags.ts";
import type { StartWorker } from "./worker_pool.ts";
import type { FromWorker } from "./worker_protocol.ts";

/** An address as URLs and permissions have it: `[::1]:8080`. */
export function formatAddress({ hostname, port }: HostPort): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * The address to listen on, with a port in place of 0. It is tried before the workers are started, so that a mistake
 * ends the start at once.
 *
 * @param shared whether another process of this user may listen there, too, to hand over to or from this one. Whether
 * it is such a process that has the address only the workers find out: to try that here would take connections away
 * from it.
 * @throws {Error} It is in use, or the permission for it is missing.
 */
export function claimAddress(listen: HostPort, shared = false): HostPort {
  const address = formatAddress(listen);
  if (Deno.permissions.querySync({ name: "net", host: address }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Cannot listen on ${address}: net permission is missing, run again with --allow-net=${address}`,
    );
  }
  try {
    using listener = Deno.listen({ ...listen });
    return { hostname: listen.hostname, port: (listener.addr as Deno.NetAddr).port };
  } catch (error) {
    if (shared && error instanceof Deno.errors.AddrInUse) return listen;
    throw new Error(`Cannot listen on ${address}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

/** Starts workers from this module, each with the permission for its listening address and no other. */
export function workersFrom(url: URL): StartWorker {
  return (listen, { said, died }) => {
    const permissions: Deno.PermissionOptions = {
      net: [formatAddress(listen)],
      // Every kind is named: what is left out would be inherited.
      read: false,
      write: false,
      env: false,
      run: false,
      sys: false,
      ffi: false,
      import: false,
    };
    const worker = new Worker(url, { type: "module", deno: { permissions } });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => said(data);
    worker.onmessageerror = () => died("it sent what can't be read");
    worker.onerror = (event) => {
      event.preventDefault(); // or its error would end this thread, too
      died(event.message);
    };
    return { post: (message) => worker.postMessage(message), terminate: () => worker.terminate() };
  };
}
