/** Measures how long this machine keeps a process from the processor and the disk; see canary_worker.ts. */
export class Canary implements Disposable {
  /** When it began what it is at, and its worst delay so far, in milliseconds. */
  readonly #shared = new Float64Array(new SharedArrayBuffer(16));
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Starts it on a file of its own. */
  static async start(path: string): Promise<Canary> {
    const worker = new Worker(new URL("./canary_worker.ts", import.meta.url), { type: "module" });
    const canary = new Canary(worker);
    const ready = Promise.withResolvers<void>();
    worker.onmessage = () => ready.resolve();
    worker.onerror = (event) => ready.reject(new Error(event.message));
    worker.postMessage({ path, shared: canary.#shared });
    await ready.promise;
    return canary;
  }

  /** The worst delay since the last call, that of the moment included, in milliseconds. */
  worstMs(): number {
    const [sinceMs, worstMs] = this.#shared;
    this.#shared[1] = 0;
    return Math.max(worstMs!, Date.now() - sinceMs! - 20);
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
