import { type BucketCounts, Buckets } from "../../shared/metrics/buckets.ts";
import type { Refusal } from "../../shared/http/refusals.ts";
import { type Tallied, Tally } from "./tally.ts";

/** From 10 µs to 100 ms, in seconds. */
export const LATENCY_BOUNDS: readonly number[] = [
  ...[0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005],
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
];

/** So many of a report are timed, each. */
export const TIMED_EACH = 1000;
/** From then on one in so many is timed, a power of two, and stands for those before it. */
export const TIMED_ONE_IN = 16;

/** What was answered since the last report. */
export interface Done {
  readonly redirects: readonly Tallied[];
  /** By the id of the refusal. */
  readonly refusals: ReadonlyMap<string, number>;
  /** By status; the redirects are among them. */
  readonly answers: ReadonlyMap<number, number>;
  /** How long it took from a request's last byte to its answer in the socket. */
  readonly latency: BucketCounts;
}

/** What a worker answers, counted. It is handed over and begun anew, so that nothing is counted twice. */
export class Work {
  readonly tally = new Tally();
  #refusals = new Map<string, number>();
  #answers = new Map<number, number>();
  #latency = new Buckets(LATENCY_BOUNDS);
  #timed = 0;
  #lastMs = 0;
  /** Requests that were not timed since the last one that was. */
  #untimed = 0;
  #turn = 0;

  refused({ id, status }: Refusal): void {
    increase(this.#refusals, id);
    increase(this.#answers, status);
  }

  /** An answer that is neither a redirect nor a refusal. */
  answered(status: number): void {
    increase(this.#answers, status);
  }

  /** Whether the requests that have just come together are to be timed: above a thousand a second few have to be. */
  isToBeTimed(): boolean {
    return this.#timed < TIMED_EACH || (++this.#turn & (TIMED_ONE_IN - 1)) === 0;
  }

  /** Some requests that came together were answered together. */
  timed(requests: number, ms: number): void {
    this.#timed++;
    this.#lastMs = ms;
    this.#latency.observe(ms / 1000, requests + this.#untimed);
    this.#untimed = 0;
  }

  untimed(requests: number): void {
    this.#untimed += requests;
  }

  /** Undefined: there was nothing. */
  take(): Done | undefined {
    const redirects = this.tally.take();
    if (redirects.length === 0 && this.#answers.size === 0 && this.#timed === 0) return undefined;
    if (this.#untimed > 0) this.timed(0, this.#lastMs);
    const answers = this.#answers;
    for (const { status, count } of redirects) increase(answers, status, count);
    const done = { redirects, refusals: this.#refusals, answers, latency: this.#latency.counts() };
    this.#refusals = new Map();
    this.#answers = new Map();
    this.#latency = new Buckets(LATENCY_BOUNDS);
    this.#timed = 0;
    return done;
  }
}

export function increase<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
