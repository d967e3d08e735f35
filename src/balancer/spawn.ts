import { formatHostPort } from "../shared/address.ts";
import { startWorkerThread } from "../shared/worker_thread.ts";
import type { StartWorker } from "./worker_pool.ts";

/** Starts workers from this module. Each holds the permission to listen on its address, and no other. */
export function workersFrom(url: URL): StartWorker {
  return (listen, events) => startWorkerThread(url, { net: [formatHostPort(listen)] }, events);
}
