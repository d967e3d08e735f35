import { type Clock, REAL_CLOCK } from "../../shared/clock.ts";

/** How often a worker reports while requests come, in milliseconds. */
export const REPORT_INTERVAL_MS = 50;

/**
 * The requests that a worker answered since its last report, and the slowest and fastest answer in
 * microseconds.
 */
export interface Measurement {
  readonly requests: number;
  readonly slowest: number;
  readonly fastest: number;
}

/**
 * Collects how long answers take, and reports it every {@linkcode REPORT_INTERVAL_MS} while there are any.
 */
export class Meter {
  readonly #report: (measurement: Measurement) => void;
  readonly #clock: Pick<Clock, "setTimer">;
  #requests = 0;
  #slowestMs = 0;
  #fastestMs = Infinity;

  constructor(report: (measurement: Measurement) => void, clock: Pick<Clock, "setTimer"> = REAL_CLOCK) {
    this.#report = report;
    this.#clock = clock;
  }

  /**
   * Adds requests whose answers reached the socket together, `ms` milliseconds after the requests were read.
   */
  add(requests: number, ms: number): void {
    // The first request after a report sets the timer, so an idle worker has no timer.
    if (this.#requests === 0) this.#clock.setTimer(() => this.flush(), REPORT_INTERVAL_MS);
    this.#requests += requests;
    if (ms > this.#slowestMs) this.#slowestMs = ms;
    if (ms < this.#fastestMs) this.#fastestMs = ms;
  }

  /** Reports now, unless nothing was measured since the last report. */
  flush(): void {
    if (this.#requests === 0) return;
    const [slowest, fastest] = [this.#slowestMs, this.#fastestMs].map((ms) => Math.round(ms * 1000));
    const measurement = { requests: this.#requests, slowest: slowest!, fastest: fastest! };
    this.#requests = this.#slowestMs = 0;
    this.#fastestMs = Infinity;
    this.#report(measurement);
  }
}

/** Merges two measurements into one. */
export function combined(one: Measurement, other: Measurement): Measurement {
  return {
    requests: one.requests + other.requests,
    slowest: Math.max(one.slowest, other.slowest),
    fastest: Math.min(one.fastest, other.fastest),
  };
}

/** Encodes a measurement as a message for the aggregator. */
export function toDatagram({ requests, slowest, fastest }: Measurement): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ A1: requests, A2: slowest, A3: fastest }));
}
