import { LIBC_PATHS } from "../shared/libc.ts";
import type { StartWorker } from "./worker_pool.ts";
import type { FromWorker } from "./worker_protocol.ts";

/**
 * Starts workers from this module, each with only what it opens its receiver with: the C library for reuseport,
 * the net permission of this thread for datagram. It drops that by itself, before it reads a byte.
 */
export function workersFrom(url: URL): StartWorker {
  return (receiver, { said, died }) => {
    // Every kind is named: what is left out would be inherited.
    const none = { read: false, write: false, env: false, run: false, sys: false, import: false } as const;
    const permissions: Deno.PermissionOptions = receiver === "reuseport"
      ? { ...none, net: false, ffi: grantedLibraries() }
      : { ...none, net: "inherit", ffi: false };
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

/** A worker can be given no more than this thread holds. */
function grantedLibraries(): string[] {
  return LIBC_PATHS.filter((path) => Deno.permissions.querySync({ name: "ffi", path }).state === "granted");
}
