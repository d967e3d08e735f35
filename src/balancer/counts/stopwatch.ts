import type { Measure } from "../../shared/http/pipeline.ts";
import type { AccessNotes } from "../access_log/access_notes.ts";
import type { Meter } from "./meter.ts";
import type { Work } from "./work.ts";

const UNTIMED = -1;

/** Who wants to know the time of every answer. */
export interface StopwatchUsers {
  readonly meter?: Pick<Meter, "add"> | undefined;
  readonly notes?: Pick<AccessNotes, "handedOver"> | undefined;
}

/** Times the answers of a worker: all of them where somebody wants to know, or else as many as its report needs. */
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
