import type { Log } from "../../shared/log.ts";

/**
 * Logs when listeners can't accept connections, most likely because the process is out of file descriptors.
 * Listeners mostly fail together, so there is one line when the first one fails, and one when all have
 * recovered.
 */
export class AcceptTrouble {
  readonly #log: Log;
  readonly #failing = new Set<string>();
  #failures = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** A listener can't accept connections from now on. */
  began(listener: string, reason: string): void {
    this.#failing.add(listener);
    if (this.#failing.size > 1) return;
    this.#failures = 0;
    this.#log.error(
      "accept_failing",
      "new connections can't be accepted, open ones are still served: raise the limit of file descriptors " +
        "(ulimit -n, LimitNOFILE=), or lower --connections-max",
      { listener, reason },
    );
  }

  /**
   * A listener accepts connections again.
   *
   * @param failures how many of its attempts failed
   */
  ended(listener: string, failures: number): void {
    if (!this.#failing.delete(listener)) return;
    this.#failures += failures;
    if (this.#failing.size > 0) return;
    this.#log.info("accept_recovered", "new connections are accepted again", { failures: this.#failures });
  }
}
