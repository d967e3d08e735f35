import type { BucketCounts } from "../../shared/metrics/buckets.ts";
import type { ConnectionCounts } from "../../shared/http/listener.ts";
import { RedirectTotals } from "./redirect_totals.ts";
import { REFUSAL_IDS } from "../redirect/refusals.ts";
import { Recent } from "./recent.ts";
import { type Done, increase, LATENCY_BOUNDS } from "./work.ts";
import type { WorkReport } from "./work_report.ts";

/** The names of the counts in {@linkcode Totals.recent}. */
export const Name = {
  open: "open",
  redirected: "redirected",
  refused: "refused",
  reason: (reason: string): string => `reason ${reason}`,
  refusal: (id: string): string => `refusal ${id}`,
  latency: (bucket: number): string => `latency ${bucket}`,
  destination: (cluster: string, destination: string): string => `destination ${cluster} ${destination}`,
} as const;

/** Sums up the reports of all workers since the start. */
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
  readonly recent: Recent;
  /** Open connections, by worker. */
  readonly #open = new Map<number, number>();

  /** @param nowMs the time of the monotonic clock, as in all methods */
  constructor(nowMs = 0) {
    this.recent = new Recent(nowMs);
  }

  add(worker: number, { done, connections, open }: WorkReport, nowMs = 0): void {
    this.#open.set(worker, open);
    this.recent.set(Name.open, this.open, nowMs);
    for (const name of Object.keys(connections) as (keyof ConnectionCounts)[]) {
      this.#connections[name] += connections[name];
    }
    if (done === undefined) return;
    this.redirects.add(done.redirects);
    for (const [id, count] of done.refusals) increase(this.#refusals, id, count);
    for (const [status, count] of done.answers) increase(this.#answers, status, count);
    done.latency.counts.forEach((count, i) => this.#latencyCounts[i]! += count);
    this.#latencySum += done.latency.sum;
    this.#note(done, nowMs);
  }

  #note({ redirects, refusals, latency }: Done, nowMs: number): void {
    const { recent } = this;
    // Many kinds of redirects share few names, so the counts of a name are summed up before they are added.
    const byName = new Map<string, number>();
    for (const { cluster, destination, reason, count } of redirects) {
      increase(byName, Name.redirected, count);
      increase(byName, Name.reason(reason), count);
      recent.add(Name.destination(cluster, destination), count, nowMs);
    }
    for (const [id, count] of refusals) {
      increase(byName, Name.refused, count);
      recent.add(Name.refusal(id), count, nowMs);
    }
    for (const [name, count] of byName) recent.add(name, count, nowMs);
    latency.counts.forEach((count, i) => count > 0 && recent.add(Name.latency(i), count, nowMs));
  }

  /** Removes destinations that no longer exist. */
  keepOnly(isThere: (cluster: string, destination: string) => boolean): void {
    this.redirects.keepOnly(isThere);
    this.recent.keepOnly((name) => {
      const [kind, cluster, destination] = name.split(" ");
      return kind !== "destination" || isThere(cluster!, destination!);
    });
  }

  /** Removes the open connections of a worker that died. */
  forget(worker: number): void {
    this.#open.delete(worker);
  }

  /** The latencies of the last minute, in seconds. The sum is not known: NaN. */
  latencyOfMinute(nowMs: number): BucketCounts {
    const counts = this.#latencyCounts.map((_, i) => this.recent.minute(Name.latency(i), nowMs));
    return { bounds: LATENCY_BOUNDS, counts, sum: NaN };
  }

  /** By the id of the refusal. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals;
  }

  /** By status. */
  get answers(): ReadonlyMap<number, number> {
    return this.#answers;
  }

  /** The latencies since the start, in seconds. */
  get latency(): BucketCounts {
    return { bounds: LATENCY_BOUNDS, counts: this.#latencyCounts, sum: this.#latencySum };
  }

  /** What happened to connections since the start. */
  get connections(): Readonly<ConnectionCounts> {
    return this.#connections;
  }

  /** The number of open connections. */
  get open(): number {
    return [...this.#open.values()].reduce((sum, open) => sum + open, 0);
  }
}
