import type { Log } from "../log.ts";

/** A reason that was told is not told again within this time, however often it turns with others. */
const REPEAT_MS = 10_000;
/** Of how many reasons it is known when they were told. */
const REASONS_MAX = 16;

/** What an outage means for the service. */
export interface OutageWords {
  readonly down: string;
  readonly up: string;
}

/** Tells the log why the database can't be used: once, and again when the reason is another one. */
export class Outage {
  readonly #log: Log;
  readonly #words: OutageWords;
  readonly #nowMs: () => number;
  /** When each reason was told, oldest first. */
  readonly #toldMs = new Map<string, number>();
  #told: string | undefined;

  constructor(log: Log, words: OutageWords, nowMs: () => number = () => performance.now()) {
    this.#log = log;
    this.#words = words;
    this.#nowMs = nowMs;
  }

  /** An attempt failed. */
  goesOn(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const nowMs = this.#nowMs();
    if (reason === this.#told || nowMs - (this.#toldMs.get(reason) ?? -Infinity) < REPEAT_MS) return;
    this.#told = reason;
    this.#toldMs.delete(reason);
    this.#toldMs.set(reason, nowMs);
    if (this.#toldMs.size > REASONS_MAX) this.#toldMs.delete(this.#toldMs.keys().next().value!);
    this.#log.warn("database_down", this.#words.down, { error });
  }

  /** The database answers. */
  ended(): void {
    this.#told = undefined;
    this.#toldMs.clear();
    this.#log.info("database_up", this.#words.up);
  }
}
