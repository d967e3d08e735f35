import { keyOf, type Target } from "../balancer/health/checks.ts";
import type { Report } from "../balancer/health/presence.ts";
import { Prober } from "../balancer/health/prober.ts";
import type { Outcome } from "../balancer/health/verdict.ts";
import type { Log } from "../shared/log.ts";
import { BalancerClient, type CheckedPlace, type ClientOptions } from "./balancer_client.ts";

/** Between two readings of what there is to probe. */
export const READ_MS = 2_000;
/** The most lines about what may not be probed. */
const UNCHECKED_LINES_MAX = 50;

export interface RemoteProberParts {
  readonly balancers: readonly string[];
  readonly token: string;
  readonly log: Log;
  readonly fetch: ClientOptions["fetch"];
  readonly clock: { monotonicMs(): number; setTimer(callback: () => void, delayMs: number): () => void };
  readonly probe: (target: Target) => Promise<Outcome>;
  readonly random?: () => number;
}

/** Probes what the first balancer that answers has checks for, and reports it to all of them. */
export class RemoteProber {
  readonly #parts: RemoteProberParts;
  readonly #clients: readonly BalancerClient[];
  readonly #prober: Prober;
  #places = new Map<string, CheckedPlace[]>();
  /** What does not work at the moment, so that it is told once. */
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

  /** Reads what there is to probe, now and from then on. Resolves after the first reading, whatever came of it. */
  async start(): Promise<void> {
    await this.#read();
    if (!this.#isStopped) this.#cancelRead = this.#parts.clock.setTimer(() => this.start(), READ_MS);
  }

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
        if (this.#troubles.delete("read")) log.info("checks_read", "a balancer says again what to probe");
        return this.#follow(places);
      } catch (error) {
        problems.push(`${client.url}: ${(error as Error).message}`);
      }
    }
    if (this.#troubles.has("read")) return;
    this.#troubles.add("read");
    log.error("checks_unread", "no balancer says what to probe; going on with what was known", {
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
    if (report.state === "unchecked") this.#tellUnchecked(key, places, report.reason);
    else this.#unchecked.delete(key);
    for (const { cluster, name } of places) {
      for (const client of this.#clients) client.report(cluster, name, report);
    }
  }

  #tellUnchecked(key: string, [place]: readonly CheckedPlace[], reason: string): void {
    if (place === undefined || this.#unchecked.has(key) || this.#unchecked.size >= UNCHECKED_LINES_MAX) {
      return;
    }
    this.#unchecked.add(key);
    const { cluster, name } = place;
    this.#parts.log.warn("unchecked", "it is not probed, and counts as up", { cluster, name, reason });
  }

  #reported(url: string, problem: string | undefined): void {
    const { log } = this.#parts;
    if (problem === undefined) {
      if (this.#troubles.delete(url)) log.info("report_recovered", "reports arrive again", { balancer: url });
      return;
    }
    if (this.#troubles.has(url)) return;
    this.#troubles.add(url);
    log.error("report_failed", "reports do not arrive: the balancer forgets what it was told", {
      balancer: url,
      reason: problem,
    });
  }
}
