import type { HostPort } from "../shared/flags.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { Measurement } from "./metrics.ts";
import type { Counts } from "./redirect.ts";
import type { RoutingTable } from "./routing.ts";

/** A worker as the master sees it: a `Worker`, or a simulation of one. */
export interface WorkerHandle {
  post(message: ToWorker): void;
  terminate(): void;
}

/** Starts a worker that may listen on this address, and nothing else. */
export type StartWorker = (listen: HostPort, events: WorkerEvents) => WorkerHandle;

export interface WorkerEvents {
  said(message: FromWorker): void;
  died(reason: string): void;
}

/** What the crew tells of its workers, by number from 0. */
export interface CrewEvents {
  measured(measurement: Measurement): void;
  /** It died; this many are left. */
  lost(worker: number, reason: string, left: number): void;
}

export interface CrewOptions {
  readonly workers: number;
  readonly startWorker: StartWorker;
  /** Whether the workers are to measure their answers. */
  readonly measuring: boolean;
}

interface Member {
  readonly worker: number;
  readonly handle: WorkerHandle;
  readonly listening: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<void>;
  gone: boolean;
}

/** The workers, which all listen on one address: the kernel spreads the connections over them. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #members: Member[] = [];
  #stopping = false;
  /** What the workers answered that have stopped. */
  readonly counts: Counts = { redirected: 0, refused: 0 };

  constructor(options: CrewOptions, events: CrewEvents) {
    this.#options = options;
    this.#events = events;
  }

  /**
   * Starts every worker, and waits until each listens and has dropped its permissions.
   *
   * @throws {Error} One can't listen, or still holds a permission.
   */
  async start(listen: HostPort, table: RoutingTable): Promise<void> {
    const { workers, startWorker, measuring } = this.#options;
    for (let worker = 0; worker < workers; worker++) {
      const member: Member = {
        worker,
        gone: false,
        listening: Promise.withResolvers(),
        ended: Promise.withResolvers(),
        handle: startWorker(listen, {
          said: (message) => this.#said(member, message),
          died: (reason) => this.#died(member, reason),
        }),
      };
      this.#members.push(member);
      member.handle.post({ kind: "serve", listen, table, measuring });
    }
    await Promise.all(this.#members.map(({ listening }) => listening.promise));
  }

  /** Has every request from now on answered from this table. */
  replace(table: RoutingTable): void {
    for (const { handle, gone } of this.#members) if (!gone) handle.post({ kind: "table", table });
  }

  /** Lets the workers finish what is in flight, at once, but no longer than until `deadline`. */
  async stop(deadline: Promise<void>): Promise<void> {
    this.#stopping = true;
    for (const { handle, gone } of this.#members) if (!gone) handle.post({ kind: "stop" });
    await Promise.race([Promise.all(this.#members.map(({ ended }) => ended.promise)), deadline]);
    this.terminate();
  }

  terminate(): void {
    for (const { handle } of this.#members) handle.terminate();
  }

  #said(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case "listening":
        if (message.held.length === 0) return member.listening.resolve();
        return this.#died(member, `it could not drop its permissions: ${message.held.join(", ")}`);
      case "measured":
        return this.#events.measured(message.measurement);
      case "failed":
        return this.#died(member, message.reason);
      case "stopped":
        this.counts.redirected += message.counts.redirected;
        this.counts.refused += message.counts.refused;
        member.gone = true;
        member.ended.resolve();
    }
  }

  #died(member: Member, reason: string): void {
    if (member.gone) return;
    member.gone = true;
    member.handle.terminate();
    member.listening.reject(new Error(reason));
    member.ended.resolve();
    if (this.#stopping) return;
    this.#events.lost(member.worker, reason, this.#members.filter(({ gone }) => !gone).length);
  }
}
