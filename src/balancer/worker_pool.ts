import type { HostPort } from "../shared/address.ts";
import type { Certificate } from "../shared/http/tls.ts";
import { type PoolMember, SparePool } from "../shared/spare_pool.ts";
import type { WorkerEvents as Events, WorkerHandle as Handle } from "../shared/worker_thread.ts";
import { changeBetween, type RoutingTable } from "./choose/routing.ts";
import type { Measurement } from "./counts/meter.ts";
import type { WorkReport } from "./counts/work_report.ts";
import { forgetConnections, type Limits, ofOneWorker } from "./front/limits.ts";
import type { Counts } from "./redirect/redirector.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

export type WorkerHandle = Handle<ToWorker>;
export type WorkerEvents = Events<FromWorker>;

/** Starts a worker that may listen on this address, and holds no other permission. */
export type StartWorker = (listen: HostPort, events: WorkerEvents) => WorkerHandle;

/** A worker died: which, why, and what the pool did about it. */
export interface Loss {
  readonly worker: number;
  readonly reason: string;
  /** The spare that takes its place; undefined: there was no spare left. */
  readonly replacement: number | undefined;
  /** How many workers listen or are about to. */
  readonly left: number;
}

/** What the pool reports of its workers, by number; spares have the highest numbers. */
export interface WorkerPoolEvents {
  measured(measurement: Measurement): void;
  reported(worker: number, report: WorkReport): void;
  noted(lines: string, count: number): void;
  /** A listening worker died. */
  lost(loss: Loss): void;
  /** A parked spare died. No viewer notices, but there is one spare less for the next death. */
  spareLost(worker: number, reason: string): void;
  acceptFailing(worker: number, reason: string): void;
  acceptRecovered(worker: number, failures: number): void;
}

export interface WorkerPoolOptions {
  readonly workers: number;
  readonly spares: number;
  readonly limits: Limits;
  readonly startWorker: StartWorker;
  /** Whether the workers measure their answers. */
  readonly measuring: boolean;
  /** Whether a redirect says in a header which destination it names, and why. */
  readonly explains: boolean;
  /** The share of all requests that the workers note for the access log, from 0 to 1. */
  readonly accessSample: number;
}

/** What every worker serves: an address, a routing table and a certificate. */
export interface Service {
  readonly listen: HostPort;
  readonly table: RoutingTable;
  readonly certificate: Certificate | undefined;
}

type State = "loading" | "parked" | "starting" | "listening" | "stopping" | "gone";

interface Member extends PoolMember<ToWorker> {
  readonly loaded: PromiseWithResolvers<void>;
  readonly listening: PromiseWithResolvers<void>;
  readonly limits: Limits;
  state: State;
}

/** Answers viewers with several workers that listen on one address; the kernel spreads the connections over them. */
export class WorkerPool extends SparePool<ToWorker, FromWorker, Member> {
  readonly #options: WorkerPoolOptions;
  readonly #events: WorkerPoolEvents;
  #service: Service | undefined;
  /** The answers of the workers that have stopped. */
  readonly counts: Counts = { redirected: 0, refused: 0 };

  constructor(options: WorkerPoolOptions, events: WorkerPoolEvents) {
    super();
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
   * @throws {Error} A worker can't listen, or still holds a permission.
   */
  async start(service: Service): Promise<void> {
    this.#service = service;
    const { workers, spares } = this.#options;
    const members = Array.from({ length: workers + spares }, (_, i) => this.#load(i, service.listen));
    for (const member of members.slice(0, workers)) this.#serve(member);
    await Promise.all(members.map((member, i) => (i < workers ? member.listening : member.loaded).promise));
  }

  /** Makes the workers answer every further request from this table. */
  replace(table: RoutingTable): void {
    if (!this.#service) return; // The workers are not started yet: start() gives them their table.
    const change = changeBetween(this.#service.table, table);
    this.#service = { ...this.#service, table };
    for (const member of this.#in("starting", "listening")) member.handle.post({ kind: "routes", ...change });
  }

  /** Makes the workers show this certificate on every new connection. */
  certify(certificate: Certificate): void {
    if (this.#service) this.#service = { ...this.#service, certificate };
    for (const { handle } of this.#in("starting", "listening")) {
      handle.post({ kind: "certificate", certificate });
    }
  }

  /** Makes the workers close each connection after its next answer. */
  drain(): void {
    for (const { handle } of this.#in("starting", "listening")) handle.post({ kind: "drain" });
  }

  /** Lets the workers finish what is in flight, but no longer than until `deadline`. */
  stop(deadline: Promise<void>): Promise<void> {
    return this.stopAll(this.#in("starting", "listening"), (member) => {
      member.state = "stopping";
      member.handle.post({ kind: "stop" });
    }, deadline);
  }

  override terminate(): void {
    super.terminate();
    for (const member of this.members) member.state = "gone";
  }

  protected override isParked({ state }: Member): boolean {
    return state === "parked";
  }

  #in(...states: readonly State[]): Member[] {
    return this.members.filter(({ state }) => states.includes(state));
  }

  #load(worker: number, listen: HostPort): Member {
    const member = this.add(worker, (events) => this.#options.startWorker(listen, events), {
      state: "loading",
      loaded: Promise.withResolvers(),
      listening: Promise.withResolvers(),
      limits: ofOneWorker(this.#options.limits),
    });
    // start() and #replace() see the error where they wait; nobody waits for the promises of the other workers.
    for (const { promise } of [member.loaded, member.listening]) promise.catch(() => {});
    return member;
  }

  /** Makes a member listen. The message waits until the thread is loaded. */
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

  protected override said(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case "loaded":
        if (member.state === "loading") member.state = "parked";
        return member.loaded.resolve();
      case "listening":
        if (message.held.length > 0) {
          return this.died(member, `it could not drop its permissions: ${message.held.join(", ")}`);
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
        return this.died(member, message.reason);
      case "stopped":
        this.counts.redirected += message.counts.redirected;
        this.counts.refused += message.counts.refused;
        member.state = "gone";
        member.ended.resolve();
    }
  }

  protected override died(member: Member, reason: string): void {
    const { state } = member;
    if (state === "gone") return;
    member.state = "gone";
    member.handle.terminate();
    member.ended.resolve();
    forgetConnections(member.limits);
    member.loaded.reject(new Error(reason));
    member.listening.reject(new Error(reason));
    if (this.isStopping || state === "stopping") return;
    if (state === "listening") this.#replace(member, reason);
    else if (state === "parked") this.#events.spareLost(member.worker, reason);
  }

  #replace({ worker }: Member, reason: string): void {
    const spare = this.nextSpare();
    if (spare) {
      this.#serve(spare);
      spare.listening.promise.catch((error: Error) => this.#replace(spare, error.message));
    }
    const left = this.#in("starting", "listening").length;
    this.#events.lost({ worker, reason, replacement: spare?.worker, left });
  }
}
