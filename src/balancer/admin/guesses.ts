import type { Clock } from "../../shared/clock.ts";
import type { Log } from "../../shared/log.ts";
import { networkOf } from "../front/address_limit.ts";

/**
 * The number of wrong tokens in a row that starts the pauses. Fewer may be typing errors, or a program that
 * still uses an old token.
 */
export const FAILURES_FREE = 10;
/** The first pause. Each further wrong token doubles the pause, up to {@linkcode PAUSE_MS_MAX}. */
const PAUSE_MS_MIN = 1000;
const PAUSE_MS_MAX = 60_000;
/** The most addresses to remember, about 2 MB. A further one replaces that whose last failure is oldest. */
export const ADDRESSES_MAX = 10_000;
const LOG_PAUSE_MS = 1000;

/** Attempts since the last log line. */
interface Tally {
  /** Wrong tokens. */
  refused: number;
  /** Attempts refused because they came during a pause, whether their token was right or wrong. */
  slowed: number;
  /** The address of the last attempt. */
  address: string;
}

/** A map of at most {@linkcode ADDRESSES_MAX} entries. A further entry replaces the one set longest ago. */
class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= ADDRESSES_MAX) return;
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}

/**
 * Slows down clients that guess tokens, and logs their attempts. After ten wrong tokens in a row an address
 * has to wait for a second. Each further wrong token doubles the wait, up to a minute. During the wait right
 * tokens are refused, too: otherwise the wait would not slow down guessing.
 *
 * An honest client that shares its address with a guesser, behind a proxy for example, is not locked out: a
 * token that was accepted from this address before is accepted during a wait, too. A token that is new to the
 * address is accepted between two waits, or from another address.
 */
export class Guesses {
  readonly #log: Log;
  readonly #clock: Pick<Clock, "monotonicMs" | "setTimer">;
  readonly #failures = new BoundedMap<{ count: number; pausedUntilMs: number }>();
  /** The names of the tokens accepted from each address. Only right tokens add to it, not guesses. */
  readonly #accepted = new BoundedMap<ReadonlySet<string>>();
  #tally: Tally | undefined;
  #isLogPaused = false;

  constructor(log: Log, clock: Pick<Clock, "monotonicMs" | "setTimer">) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Records an attempt, and decides whether to answer it.
   *
   * @param name of the token; undefined if the token is wrong
   * @returns 0 to answer the attempt; otherwise the milliseconds to wait before the next attempt
   */
  judge(hostname: string, name: string | undefined): number {
    const address = networkOf(hostname);
    const { count = 0, pausedUntilMs = -Infinity } = this.#failures.get(address) ?? {};
    const nowMs = this.#clock.monotonicMs();
    const accepted = this.#accepted.get(address);
    if (nowMs < pausedUntilMs) {
      if (name !== undefined && accepted?.has(name)) return 0;
      this.#count(hostname, "slowed");
      return pausedUntilMs - nowMs;
    }
    if (name === undefined) {
      this.#failures.set(address, { count: count + 1, pausedUntilMs: nowMs + pauseMs(count + 1) });
      this.#count(hostname, "refused");
      return 0;
    }
    this.#failures.delete(address);
    if (!accepted?.has(name)) this.#accepted.set(address, new Set([...accepted ?? [], name]));
    return 0;
  }

  /** Counts an attempt for the log. Writes at most one line a second, whatever the number of attempts. */
  #count(address: string, what: "refused" | "slowed"): void {
    this.#tally ??= { refused: 0, slowed: 0, address };
    this.#tally[what]++;
    this.#tally.address = address;
    if (!this.#isLogPaused) this.#write();
  }

  #write(): void {
    this.#isLogPaused = this.#tally !== undefined;
    if (this.#tally === undefined) return;
    this.#log.warn("token_refused", "the admin API received wrong tokens", { ...this.#tally });
    this.#tally = undefined;
    this.#clock.setTimer(() => this.#write(), LOG_PAUSE_MS);
  }
}

function pauseMs(failures: number): number {
  return failures < FAILURES_FREE
    ? 0
    : Math.min(PAUSE_MS_MIN * 2 ** (failures - FAILURES_FREE), PAUSE_MS_MAX);
}
