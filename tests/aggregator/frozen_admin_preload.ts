/** For `--preload`: the service starts frozen_admin_worker.ts instead of its own admin thread. */
const RealWorker = globalThis.Worker;
globalThis.Worker = class extends RealWorker {
  constructor(url: URL | string, options?: WorkerOptions) {
    const isAdmin = String(url).endsWith("/admin/worker.ts");
    super(isAdmin ? new URL("./frozen_admin_worker.ts", import.meta.url) : url, options);
  }
};
