import type { Log } from "../log.ts";
import { messageOf } from "../error_message.ts";

/** A reason is logged at most once in this time, even if it alternates with others. */
const REPEAT_MS = 10_000;
/** How many reasons are remembered with the time when they were logged. */
const REASONS_MAX = 16;

/** The log messages at the beginning and the end of an outage: what it means for the service. */
export interface OutageWords {
  readonly down: string;
  readonly up: string;
}

/** Logs why the database can't be used: once, and again when the reason changes. */
export class Outage {
  readonly #log: Log;
  readonly #words: OutageWords;
  readonly #nowMs: () => number;
  /** When each reason was logged, oldest first. */
  readonly #loggedMs = new Map<string, number>();
  #lastReason: string | undefined;

  constructor(log: Log, words: OutageWords, nowMs: () => number = () => performance.now()) {
    this.#log = log;
    this.#words = words;
    this.#nowMs = nowMs;
  }

  /** To be called after each attempt that failed. */
  goesOn(error: unknown): void {
    const reason = messageOf(error);
    const nowMs = this.#nowMs();
    if (reason === this.#lastReason || nowMs - (this.#loggedMs.get(reason) ?? -Infinity) < REPEAT_MS) return;
    this.#lastReason = reason;
    this.#loggedMs.delete(reason);
    this.#loggedMs.set(reason, nowMs);
    if (this.#loggedMs.size > REASONS_MAX) this.#loggedMs.delete(this.#loggedMs.keys().next().value!);
    this.#log.warn("database_down", this.#words.down, { error });
  }

  /** To be called when the database answers again. */
  ended(): void {
    this.#lastReason = undefined;
    this.#loggedMs.clear();
    this.#log.info("database_up", this.#words.up);
  }
}
