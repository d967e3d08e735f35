/** Measures how long this machine makes a process wait for processor and disk; see stall_meter_worker.ts. */
export class StallMeter implements Disposable {
  /** When the worker began its current round, and its worst delay so far; both in milliseconds. */
  readonly #shared = new Float64Array(new SharedArrayBuffer(16));
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Starts a meter that writes to the file at `path`, which nothing else uses. */
  static async start(path: string): Promise<StallMeter> {
    const worker = new Worker(new URL("./stall_meter_worker.ts", import.meta.url), { type: "module" });
    const meter = new StallMeter(worker);
    const ready = Promise.withResolvers<void>();
    worker.onmessage = () => ready.resolve();
    worker.onerror = (event) => ready.reject(new Error(event.message));
    worker.postMessage({ path, shared: meter.#shared });
    await ready.promise;
    return meter;
  }

  /** The worst delay since the last call, in milliseconds. It includes the round under way. */
  worstMs(): number {
    const [sinceMs, worstMs] = this.#shared;
    this.#shared[1] = 0;
    return Math.max(worstMs!, Date.now() - sinceMs! - 20);
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
