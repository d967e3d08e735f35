import type { Log } from "../../shared/log.ts";

/**
 * Listeners that can't accept connections, most likely for want of file descriptors. They mostly fail together, so one
 * line says when it begins, and one when it is over for all.
 */
export class AcceptTrouble {
  readonly #log: Log;
  readonly #failing = new Set<string>();
  #failures = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  began(listener: string, reason: string): void {
    this.#failing.add(listener);
    if (this.#failing.size > 1) return;
    this.#failures = 0;
    this.#log.error(
      "accept_failing",
      "new connections can't be accepted; those that are open are served: raise the limit of file descriptors " +
        "(ulimit -n, LimitNOFILE=), or lower --connections-max",
      { listener, reason },
    );
  }

  ended(listener: string, failures: number): void {
    if (!this.#failing.delete(listener)) return;
    this.#failures += failures;
    if (this.#failing.size > 0) return;
    this.#log.info("accept_recovered", "new connections are accepted again", { failures: this.#failures });
  }
}
