import type { BucketCounts } from "../shared/buckets.ts";
import type { ConnectionCounts } from "../shared/http/listener.ts";
import { RedirectTotals } from "./redirect_totals.ts";
import { REFUSAL_IDS } from "./refusals.ts";
import { increase, LATENCY_BOUNDS } from "./work.ts";
import type { WorkReport } from "./work_report.ts";

/** What all workers did since the start, as far as they have reported it. */
export class Totals {
  readonly redirects = new RedirectTotals();
  readonly #refusals = new Map<string, number>(REFUSAL_IDS.map((id) => [id, 0]));
  readonly #answers = new Map<number, number>();
  readonly #latencyCounts = new Array<number>(LATENCY_BOUNDS.length + 1).fill(0);
  #latencySum = 0;
  readonly #connections: ConnectionCounts = {
    ...{ accepted: 0, failed: 0, timedOutReading: 0, timedOutIdle: 0, timedOutWriting: 0 },
    ...{ evicted: 0, refused: 0 },
  };
  /** By worker. */
  readonly #open = new Map<number, number>();

  add(worker: number, { done, connections, open }: WorkReport): void {
    this.#open.set(worker, open);
    for (const name of Object.keys(connections) as (keyof ConnectionCounts)[]) {
      this.#connections[name] += connections[name];
    }
    if (done === undefined) return;
    this.redirects.add(done.redirects);
    for (const [id, count] of done.refusals) increase(this.#refusals, id, count);
    for (const [status, count] of done.answers) increase(this.#answers, status, count);
    done.latency.counts.forEach((count, i) => this.#latencyCounts[i]! += count);
    this.#latencySum += done.latency.sum;
  }

  /** The connections of a worker that died went with it. */
  forget(worker: number): void {
    this.#open.delete(worker);
  }

  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals;
  }

  /** By status. */
  get answers(): ReadonlyMap<number, number> {
    return this.#answers;
  }

  /** In seconds. */
  get latency(): BucketCounts {
    return { bounds: LATENCY_BOUNDS, counts: this.#latencyCounts, sum: this.#latencySum };
  }

  get connections(): Readonly<ConnectionCounts> {
    return this.#connections;
  }

  /** Connections that are open. */
  get open(): number {
    return [...this.#open.values()].reduce((sum, open) => sum + open, 0);
  }
}
