import { LIBC_PATHS } from "../shared/libc.ts";
import { startWorkerThread } from "../shared/worker_thread.ts";
import type { StartWorker } from "./worker_pool.ts";

/**
 * Starts workers from this module. Each holds only what its receiver opens: the C library for `reuseport`, the net
 * permission of this thread for `datagram`. The worker drops that permission itself, before it reads a byte.
 */
export function workersFrom(url: URL): StartWorker {
  return (receiver, events) =>
    startWorkerThread(
      url,
      receiver === "reuseport" ? { ffi: grantedLibraries() } : { net: "inherit" },
      events,
    );
}

/** The libraries that this thread may open. A worker cannot be given more than this thread holds. */
function grantedLibraries(): string[] {
  return LIBC_PATHS.filter((path) => Deno.permissions.querySync({ name: "ffi", path }).state === "granted");
}
