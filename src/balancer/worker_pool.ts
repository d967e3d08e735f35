import type { HostPort } from "../shared/flags/flags.ts";
import type { Certificate } from "../shared/http/tls.ts";
import { forgetConnections, type Limits, ofOneWorker } from "./front/limits.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";
import type { Measurement } from "./counts/meter.ts";
import type { Counts } from "./redirect/redirector.ts";
import { changeBetween, type RoutingTable } from "./choose/routing.ts";
import type { WorkReport } from "./counts/work_report.ts";

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

/** What became of a worker that died, and of its place. */
export interface Loss {
  readonly worker: number;
  readonly reason: string;
  /** The spare that takes its place; undefined: there was none. */
  readonly replacement: number | undefined;
  /** Workers that listen, or are about to. */
  readonly left: number;
}

/** What the pool tells of its workers, by number from 0; spares have the highest. */
export interface WorkerPoolEvents {
  measured(measurement: Measurement): void;
  reported(worker: number, report: WorkReport): void;
  noted(lines: string, count: number): void;
  /** One that listened died. */
  lost(loss: Loss): void;
  /** A parked spare died: no viewer notices, but the next death finds one less. */
  spareLost(worker: number, reason: string): void;
  acceptFailing(worker: number, reason: string): void;
  acceptRecovered(worker: number, failures: number): void;
}

export interface WorkerPoolOptions {
  readonly workers: number;
  readonly spares: number;
  readonly limits: Limits;
  readonly startWorker: StartWorker;
  /** Whether the workers are to measure their answers. */
  readonly measuring: boolean;
  /** Whether redirects are to say why they lead where they do. */
  readonly explains: boolean;
  /** The part of all requests that they are to note, from 0 to 1. */
  readonly accessSample: number;
}

/** What every worker serves. */
export interface Service {
  readonly listen: HostPort;
  readonly table: RoutingTable;
  readonly certificate: Certificate | undefined;
}

type State = "loading" | "parked" | "starting" | "listening" | "stopping" | "gone";

interface Member {
  readonly worker: number;
  readonly handle: WorkerHandle;
  readonly loaded: PromiseWithResolvers<void>;
  readonly listening: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<void>;
  readonly limits: Limits;
  state: State;
}

/**
 * The workers, which all listen on one address: the kernel spreads the connections over them. Spares are started with
 * them and parked, because no thread may be started once the permissions are dropped: each takes the place of a worker
 * that died.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #events: WorkerPoolEvents;
  #members: Member[] = [];
  #started = 0;
  #service: Service | undefined;
  #isStopping = false;
  /** What the workers answered that have stopped. */
  readonly counts: Counts = { redirected: 0, refused: 0 };

  constructor(options: WorkerPoolOptions, events: WorkerPoolEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** How many workers listen. */
  get listening(): number {
    return this.#in("listening").length;
  }

  get spares(): number {
    return this.#in("parked").length;
  }

  /**
   * Starts every worker and every spare, and waits until each worker listens and has dropped its permissions.
   *
   * @throws {Error} One can't listen, or still holds a permission.
   */
  async start(service: Service): Promise<void> {
    this.#service = service;
    const { workers, spares } = this.#options;
    const members = Array.from({ length: workers + spares }, () => this.#load(service.listen));
    for (const member of members.slice(0, workers)) this.#serve(member);
    await Promise.all(members.map((member, i) => (i < workers ? member.listening : member.loaded).promise));
  }

  /** Has every request from now on answered from this table. */
  replace(table: RoutingTable): void {
    if (!this.#service) return; // Nobody has a table yet.
    const change = changeBetween(this.#service.table, table);
    this.#service = { ...this.#service, table };
    for (const member of this.#in("starting", "listening")) member.handle.post({ kind: "routes", ...change });
  }

  /** Has every new connection shown this certificate. */
  certify(certificate: Certificate): void {
    if (this.#service) this.#service = { ...this.#service, certificate };
    for (const { handle } of this.#in("starting", "listening")) {
      handle.post({ kind: "certificate", certificate });
    }
  }

  /** Has each answer from now on be the last one on its connection. */
  drain(): void {
    for (const { handle } of this.#in("starting", "listening")) handle.post({ kind: "drain" });
  }

  /** Lets the workers finish what is in flight, but no longer than until `deadline`. */
  async stop(deadline: Promise<void>): Promise<void> {
    this.#isStopping = true;
    for (const member of this.#in("starting", "listening")) this.#stop(member);
    const ended = this.#in("stopping").map(({ ended }) => ended.promise);
    await Promise.race([Promise.all(ended), deadline]);
    this.terminate();
  }

  terminate(): void {
    for (const member of this.#members) this.#end(member);
  }

  #in(...states: readonly State[]): Member[] {
    return this.#members.filter(({ state }) => states.includes(state));
  }

  #load(listen: HostPort): Member {
    const member: Member = {
      worker: this.#started++,
      state: "loading",
      loaded: Promise.withResolvers(),
      listening: Promise.withResolvers(),
      ended: Promise.withResolvers(),
      limits: ofOneWorker(this.#options.limits),
      handle: this.#options.startWorker(listen, {
        said: (message) => this.#said(member, message),
        died: (reason) => this.#died(member, reason),
      }),
    };
    // Who waits for them gets the error; nobody waits for those of a worker that is replaced later.
    for (const { promise } of [member.loaded, member.listening]) promise.catch(() => {});
    this.#members = [...this.#members.filter(({ state }) => state !== "gone"), member];
    return member;
  }

  /** What is posted before the worker is loaded waits for it. */
  #serve(member: Member): void {
    const { measuring, explains, accessSample } = this.#options;
    member.state = "starting";
    member.handle.post({
      kind: "serve",
      ...this.#service!,
      limits: member.limits,
      measuring,
      explains,
      accessSample,
    });
  }

  #stop(member: Member): void {
    member.state = "stopping";
    member.handle.post({ kind: "stop" });
  }

  #end(member: Member): void {
    member.state = "gone";
    member.handle.terminate();
    member.ended.resolve();
  }

  #said(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case "loaded":
        if (member.state === "loading") member.state = "parked";
        return member.loaded.resolve();
      case "listening":
        if (message.held.length > 0) {
          return this.#died(member, `it could not drop its permissions: ${message.held.join(", ")}`);
        }
        if (member.state === "starting") member.state = "listening";
        return member.listening.resolve();
      case "measured":
        return this.#events.measured(message.measurement);
      case "reported":
        return this.#events.reported(member.worker, message.report);
      case "noted":
        return this.#events.noted(message.lines, message.count);
      case "accept_failing":
        return this.#events.acceptFailing(member.worker, message.reason);
      case "accept_recovered":
        return this.#events.acceptRecovered(member.worker, message.failures);
      case "failed":
        return this.#died(member, message.reason);
      case "stopped":
        this.counts.redirected += message.counts.redirected;
        this.counts.refused += message.counts.refused;
        member.state = "gone";
        member.ended.resolve();
    }
  }

  #died(member: Member, reason: string): void {
    const { state } = member;
    if (state === "gone") return;
    this.#end(member);
    forgetConnections(member.limits);
    member.loaded.reject(new Error(reason));
    member.listening.reject(new Error(reason));
    if (this.#isStopping || state === "stopping") return;
    if (state === "listening") this.#replace(member, reason);
    else if (state === "parked") this.#events.spareLost(member.worker, reason);
  }

  #replace({ worker }: Member, reason: string): void {
    const [spare] = this.#in("parked");
    if (spare) {
      this.#serve(spare);
      spare.listening.promise.catch((error: Error) => this.#replace(spare, error.message));
    }
    const left = this.#in("starting", "listening").length;
    this.#events.lost({ worker, reason, replacement: spare?.worker, left });
  }
}
