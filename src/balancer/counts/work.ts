import { type BucketCounts, Buckets } from "../../shared/metrics/buckets.ts";
import type { Refusal } from "../../shared/http/refusals.ts";
import { type Tallied, Tally } from "./tally.ts";

/** The bounds of the latency histogram, from 10 µs to 100 ms, in seconds. */
export const LATENCY_BOUNDS: readonly number[] = [
  ...[0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005],
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
];

/** The first answers of each report that are all timed. */
export const TIMED_EACH = 1000;
/**
 * After those, one answer in this many is timed and counts for the untimed ones before it. A power of two.
 */
export const TIMED_ONE_IN = 16;

/** The answers of a worker since its last report. */
export interface Done {
  readonly redirects: readonly Tallied[];
  /** By the id of the refusal. */
  readonly refusals: ReadonlyMap<string, number>;
  /** By status, redirects included. */
  readonly answers: ReadonlyMap<number, number>;
  /** The time from a request's last byte to its answer in the socket. */
  readonly latency: BucketCounts;
}

/**
 * Counts a worker's answers. {@linkcode take} returns the counts and resets them, so no answer is counted
 * twice.
 */
export class Work {
  readonly tally = new Tally();
  #refusals = new Map<string, number>();
  #answers = new Map<number, number>();
  #latency = new Buckets(LATENCY_BOUNDS);
  #timed = 0;
  #lastMs = 0;
  /** Answers since the last timed one. */
  #untimed = 0;
  #turn = 0;

  /** Counts a refusal. */
  refused({ id, status }: Refusal): void {
    increase(this.#refusals, id);
    increase(this.#answers, status);
  }

  /** Counts an answer that is neither a redirect nor a refusal. */
  answered(status: number): void {
    increase(this.#answers, status);
  }

  /** Whether to time the requests that just came together. Above 1,000 a second, one in 16 is enough. */
  isToBeTimed(): boolean {
    return this.#timed < TIMED_EACH || (++this.#turn & (TIMED_ONE_IN - 1)) === 0;
  }

  /** Adds requests that came together and were answered together, with their latency. */
  timed(requests: number, ms: number): void {
    this.#timed++;
    this.#lastMs = ms;
    this.#latency.observe(ms / 1000, requests + this.#untimed);
    this.#untimed = 0;
  }

  /**
   * Adds requests that were not timed. The next timed answer, or the report, counts them with its latency.
   */
  untimed(requests: number): void {
    this.#untimed += requests;
  }

  /** Returns the counts since the last call and resets them; undefined: there were none. */
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

/** Adds to one count of a map. */
export function increase<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
