/**
 * Threads that hold only the permissions they are given. Both services read strangers' bytes in such threads.
 *
 * @module
 */

/** A worker as its master sees it: a `Worker`, or a simulated one in tests. */
export interface WorkerHandle<ToWorker> {
  post(message: ToWorker): void;
  terminate(): void;
}

/** What a worker reports to its master. */
export interface WorkerEvents<FromWorker> {
  said(message: FromWorker): void;
  /** The thread ended by an uncaught error, or sent a message that cannot be read. */
  died(reason: string): void;
}

/** Every kind of permission. A kind that is left out would be inherited from the thread that starts the worker. */
const NONE = {
  read: false,
  write: false,
  net: false,
  env: false,
  run: false,
  sys: false,
  ffi: false,
  import: false,
} as const;

/** Starts a thread from the module at `url`. It holds the permissions in `granted` and no others. */
export function startWorkerThread<ToWorker, FromWorker>(
  url: URL,
  granted: Pick<Deno.PermissionOptionsObject, "net" | "ffi">,
  { said, died }: WorkerEvents<FromWorker>,
): WorkerHandle<ToWorker> {
  const worker = new Worker(url, { type: "module", deno: { permissions: { ...NONE, ...granted } } });
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => said(data);
  worker.onmessageerror = () => died("it sent a message that cannot be read");
  worker.onerror = (event) => {
    event.preventDefault(); // Without this, the worker's error would end this thread, too.
    died(event.message);
  };
  return { post: (message) => worker.postMessage(message), terminate: () => worker.terminate() };
}
