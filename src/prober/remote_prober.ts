import { keyOf, type Target } from "../balancer/health/checks.ts";
import type { Report } from "../balancer/health/presence.ts";
import { Prober } from "../balancer/health/prober.ts";
import type { Outcome } from "../balancer/health/verdict.ts";
import type { Log } from "../shared/log.ts";
import { BalancerClient, type CheckedPlace, type ClientOptions } from "./balancer_client.ts";
import type { Clock } from "../shared/clock.ts";

/** How often the list of checks is read from a balancer. */
export const READ_MS = 2_000;
/** The most log lines about destinations that must not be probed. */
const UNCHECKED_LINES_MAX = 50;

export interface RemoteProberParts {
  readonly balancers: readonly string[];
  readonly token: string;
  readonly log: Log;
  readonly fetch: ClientOptions["fetch"];
  readonly clock: Pick<Clock, "monotonicMs" | "setTimer">;
  readonly probe: (target: Target) => Promise<Outcome>;
  readonly random?: () => number;
}

/**
 * Reads the checks from the first balancer that answers, probes them, and reports the results to all
 * balancers.
 */
export class RemoteProber {
  readonly #parts: RemoteProberParts;
  readonly #clients: readonly BalancerClient[];
  readonly #prober: Prober;
  #places = new Map<string, CheckedPlace[]>();
  /** What does not work at the moment, so that each trouble is logged once. */
  readonly #troubles = new Set<string>();
  readonly #unchecked = new Set<string>();
  #cancelRead: () => void = () => {};
  #isStopped = false;

  constructor(parts: RemoteProberParts) {
    this.#parts = parts;
    const { balancers, token, fetch, clock, probe, random } = parts;
    this.#clients = balancers.map((url) =>
      new BalancerClient({ url, token, fetch, reported: (problem) => this.#reported(url, problem) })
    );
    this.#prober = new Prober({
      clock,
      probe,
      judged: (key, report) => this.#judged(key, report),
      ...random && { random },
    });
  }

  /** Reads the checks now and every {@linkcode READ_MS}. Resolves after the first read, even if it failed. */
  async start(): Promise<void> {
    await this.#read();
    if (!this.#isStopped) this.#cancelRead = this.#parts.clock.setTimer(() => this.start(), READ_MS);
  }

  /** Stops all probes and reads. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRead();
    this.#prober.stop();
  }

  async #read(): Promise<void> {
    const { log } = this.#parts;
    const problems: string[] = [];
    for (const client of this.#clients) {
      try {
        const places = await client.places();
        if (this.#troubles.delete("read")) {
          log.info("checks_read", "a balancer sends the list of checks again");
        }
        return this.#follow(places);
      } catch (error) {
        problems.push(`${client.url}: ${(error as Error).message}`);
      }
    }
    if (this.#troubles.has("read")) return;
    this.#troubles.add("read");
    log.error("checks_unread", "no balancer sends the list of checks: continuing with the last known list", {
      reason: problems.join("; "),
    });
  }

  #follow(places: readonly CheckedPlace[]): void {
    if (this.#isStopped) return;
    this.#places = Map.groupBy(places, ({ target }) => keyOf(target));
    this.#prober.follow([...this.#places.values()].map(([place]) => place!.target));
  }

  #judged(key: string, report: Report): void {
    const places = this.#places.get(key) ?? [];
    if (report.state === "unchecked") this.#logUnchecked(key, places, report.reason);
    else this.#unchecked.delete(key);
    for (const { cluster, name } of places) {
      for (const client of this.#clients) client.report(cluster, name, report);
    }
  }

  #logUnchecked(key: string, [place]: readonly CheckedPlace[], reason: string): void {
    if (place === undefined || this.#unchecked.has(key) || this.#unchecked.size >= UNCHECKED_LINES_MAX) {
      return;
    }
    this.#unchecked.add(key);
    const { cluster, name } = place;
    this.#parts.log.warn("unchecked", "a destination can't be probed, so it counts as up", {
      cluster,
      name,
      reason,
    });
  }

  #reported(url: string, problem: string | undefined): void {
    const { log } = this.#parts;
    if (problem === undefined) {
      if (this.#troubles.delete(url)) {
        log.info("report_recovered", "a balancer accepts reports again", { balancer: url });
      }
      return;
    }
    if (this.#troubles.has(url)) return;
    this.#troubles.add(url);
    log.error(
      "report_failed",
      "a balancer accepts no reports: for it, destinations become unknown and count as up",
      {
        balancer: url,
        reason: problem,
      },
    );
  }
}
