import type { Measure } from "../../shared/http/pipeline.ts";
import type { AccessNotes } from "../access_log/access_notes.ts";
import type { Meter } from "./meter.ts";
import type { Work } from "./work.ts";

/** The start time of requests that are not timed. */
const UNTIMED = -1;

/** The parts that need the time of every answer; undefined: switched off. */
export interface StopwatchUsers {
  readonly meter?: Pick<Meter, "add"> | undefined;
  readonly notes?: Pick<AccessNotes, "handedOver"> | undefined;
}

/**
 * Times a worker's answers. With metrics for an aggregator or an access log it times all of them, otherwise
 * only a sample that `Work` asks for: a read of the clock costs time on the hot path.
 */
export class Stopwatch implements Measure {
  readonly #work: Work;
  readonly #meter: Pick<Meter, "add"> | undefined;
  readonly #notes: Pick<AccessNotes, "handedOver"> | undefined;
  readonly #nowMs: () => number;

  constructor(work: Work, { meter, notes }: StopwatchUsers = {}, nowMs = performance.now.bind(performance)) {
    this.#work = work;
    this.#meter = meter;
    this.#notes = notes;
    this.#nowMs = nowMs;
  }

  begin(): number {
    return this.#meter || this.#notes || this.#work.isToBeTimed() ? this.#nowMs() : UNTIMED;
  }

  end(requests: number, beganMs: number): void {
    if (beganMs === UNTIMED) return this.#work.untimed(requests);
    const ms = this.#nowMs() - beganMs;
    this.#work.timed(requests, ms);
    this.#meter?.add(requests, ms);
    this.#notes?.handedOver(ms);
  }
}
