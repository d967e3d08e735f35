import type { ListenerClock } from "../../shared/http/listener.ts";
import type { Log } from "../../shared/log.ts";
import { networkOf } from "../front/address_limit.ts";

/** So many wrong tokens in a row are a slip of the hand, or a program that was not told of a new token. */
export const FAILURES_FREE = 10;
/** The pause after that many; each further wrong token doubles it. */
const PAUSE_MS_MIN = 1000;
const PAUSE_MS_MAX = 60_000;
/** Some 2 MB of addresses. Past them the one whose last failure is longest ago is forgotten. */
export const ADDRESSES_MAX = 10_000;
const LOG_PAUSE_MS = 1000;

/** What became of attempts since the last line of the log. */
interface Tally {
  /** Wrong tokens. */
  refused: number;
  /** Attempts that were not judged, since they came in a pause. */
  slowed: number;
  address: string;
}

/** A map that forgets the entry which was set longest ago, to stay within its size. */
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
 * Slows down who guesses tokens, and has the log tell of it. After ten wrong tokens in a row an address has to wait a
 * second, and twice as long after each further one, up to a minute. What it sends meanwhile is not judged, right or
 * wrong, or the pause would slow nobody.
 *
 * One who shares an address with a guesser, behind a proxy say, shall not be locked out: a token that was right from
 * this address before goes through in a pause, too. For a new one there is a gap after each pause, and other addresses.
 */
export class Guesses {
  readonly #log: Log;
  readonly #clock: Pick<ListenerClock, "monotonicMs" | "setTimer">;
  readonly #failures = new BoundedMap<{ count: number; pausedUntilMs: number }>();
  /** The names of the tokens that came from an address. Only right tokens add to it, so no guesser can fill it. */
  readonly #known = new BoundedMap<ReadonlySet<string>>();
  #tally: Tally | undefined;
  #isLogPaused = false;

  constructor(log: Log, clock: Pick<ListenerClock, "monotonicMs" | "setTimer">) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Takes note of an attempt.
   *
   * @param name of the token; undefined: it is wrong
   * @returns how long to wait before the next attempt, in milliseconds, if this one must not be answered; else 0
   */
  judge(hostname: string, name: string | undefined): number {
    const address = networkOf(hostname);
    const { count = 0, pausedUntilMs = -Infinity } = this.#failures.get(address) ?? {};
    const nowMs = this.#clock.monotonicMs();
    const known = this.#known.get(address);
    if (nowMs < pausedUntilMs) {
      if (name !== undefined && known?.has(name)) return 0;
      this.#tell(hostname, "slowed");
      return pausedUntilMs - nowMs;
    }
    if (name === undefined) {
      this.#failures.set(address, { count: count + 1, pausedUntilMs: nowMs + pauseMs(count + 1) });
      this.#tell(hostname, "refused");
      return 0;
    }
    this.#failures.delete(address);
    if (!known?.has(name)) this.#known.set(address, new Set([...known ?? [], name]));
    return 0;
  }

  /** At most one line a second: whoever floods the API does not flood the log. */
  #tell(address: string, what: "refused" | "slowed"): void {
    this.#tally ??= { refused: 0, slowed: 0, address };
    this.#tally[what]++;
    this.#tally.address = address;
    if (!this.#isLogPaused) this.#write();
  }

  #write(): void {
    this.#isLogPaused = this.#tally !== undefined;
    if (this.#tally === undefined) return;
    this.#log.warn("token_refused", "wrong tokens were sent to the admin API", { ...this.#tally });
    this.#tally = undefined;
    this.#clock.setTimer(() => this.#write(), LOG_PAUSE_MS);
  }
}

function pauseMs(failures: number): number {
  return failures < FAILURES_FREE
    ? 0
    : Math.min(PAUSE_MS_MIN * 2 ** (failures - FAILURES_FREE), PAUSE_MS_MAX);
}
