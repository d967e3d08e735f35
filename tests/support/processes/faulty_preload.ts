/** For `--preload`: the service starts faulty_worker.ts as its workers, and logs its memory on SIGUSR2. */
const RealWorker = globalThis.Worker;
globalThis.Worker = class extends RealWorker {
  constructor(_url: URL | string, options?: WorkerOptions) {
    super(new URL("./faulty_worker.ts", import.meta.url), options);
  }
};

Deno.addSignalListener("SIGUSR2", () => {
  const entry = { event: "memory", rss: Deno.memoryUsage().rss };
  Deno.stderr.writeSync(new TextEncoder().encode(JSON.stringify(entry) + "\n"));
});
