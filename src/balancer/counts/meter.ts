/** While requests come, a worker reports this often, in milliseconds: twice as often as it has to. */
export const REPORT_INTERVAL_MS = 50;

/** What a worker measured since its last report; times in whole microseconds. */
export interface Measurement {
  readonly requests: number;
  readonly slowest: number;
  readonly fastest: number;
}

/** The time as a meter needs it. */
export interface MeterClock {
  setTimer(callback: () => void, delayMs: number): void;
}

const REAL_CLOCK: MeterClock = {
  setTimer: (callback, delayMs) => void setTimeout(callback, delayMs),
};

/** Measures how long answers take, and reports while there are any. */
export class Meter {
  readonly #report: (measurement: Measurement) => void;
  readonly #clock: MeterClock;
  #requests = 0;
  #slowestMs = 0;
  #fastestMs = Infinity;

  constructor(report: (measurement: Measurement) => void, clock = REAL_CLOCK) {
    this.#report = report;
    this.#clock = clock;
  }

  /** Adds some requests whose answers were handed over together, each `ms` after it was read. */
  add(requests: number, ms: number): void {
    // One timer for each report: without requests there is none.
    if (this.#requests === 0) this.#clock.setTimer(() => this.flush(), REPORT_INTERVAL_MS);
    this.#requests += requests;
    if (ms > this.#slowestMs) this.#slowestMs = ms;
    if (ms < this.#fastestMs) this.#fastestMs = ms;
  }

  /** Reports what was measured since the last report, if there is anything. */
  flush(): void {
    if (this.#requests === 0) return;
    const [slowest, fastest] = [this.#slowestMs, this.#fastestMs].map((ms) => Math.round(ms * 1000));
    const measurement = { requests: this.#requests, slowest: slowest!, fastest: fastest! };
    this.#requests = this.#slowestMs = 0;
    this.#fastestMs = Infinity;
    this.#report(measurement);
  }
}

/** Two measurements as one. */
export function combined(one: Measurement, other: Measurement): Measurement {
  return {
    requests: one.requests + other.requests,
    slowest: Math.max(one.slowest, other.slowest),
    fastest: Math.min(one.fastest, other.fastest),
  };
}

/** A measurement as the aggregator reads it. */
export function toDatagram({ requests, slowest, fastest }: Measurement): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ A1: requests, A2: slowest, A3: fastest }));
}
