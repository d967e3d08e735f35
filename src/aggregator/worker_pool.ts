import { type PoolMember as Threaded, SparePool } from "../shared/spare_pool.ts";
import type { WorkerEvents as Events, WorkerHandle as Handle } from "../shared/worker_thread.ts";
import type { Clock } from "../shared/clock.ts";
import {
  type FromWorker,
  type Prepare,
  pulseOf,
  type ReceiveOrder,
  type Refused,
  signalStop,
  type ToWorker,
} from "./worker_protocol.ts";

export type WorkerHandle = Handle<ToWorker>;
export type WorkerEvents = Events<FromWorker>;

/** Starts a worker for this receiver, with no more permissions than it needs to open its sockets or the C library. */
export type StartWorker = (receiver: Prepare["receiver"], events: WorkerEvents) => WorkerHandle;

export interface WorkerPoolOptions {
  workers: number;
  spares: number;
  control: Int32Array<SharedArrayBuffer>;
  datagramBytesMax: number;
  /** Whether the workers post samples of rejected messages. */
  sampling: boolean;
  startWorker: StartWorker;
  /** Returns which sockets the worker at place `index` (0 to `workers` - 1) reads. */
  orderOf(index: number): ReceiveOrder;
}

/** What the pool reports of its workers, by number; spares have the highest numbers. */
export interface WorkerPoolEvents {
  joined(worker: number): void;
  partial(worker: number, message: FromWorker & { kind: "partial" }): void;
  /** A worker posted a sample of a rejected message. */
  refused(refused: Refused): void;
  /** A receiving worker died. `replacement` took its place; undefined: there was no spare left. */
  lost(worker: number, reason: string, replacement: number | undefined): void;
  /** A parked spare died. No message is lost, but there is one spare less for the next death. */
  spareLost(worker: number, reason: string): void;
}

/** A worker that did not hand over its last partial, and why. */
export interface LostWorker {
  worker: number;
  reason: string;
}

/** What a worker does at a moment. */
export interface PoolMember {
  readonly worker: number;
  readonly state: "parked" | "receiving" | "silent" | "gone";
  /** The place, from 0, whose sockets it reads or has read. */
  readonly place: number | undefined;
}

/** An idle worker shows a pulse twice a second. One that has shown none for this long counts as silent. */
const SILENT_MS = 800;
/** One that has shown none for this long counts as dead. Both in milliseconds of the master's own running time. */
export const SILENCE_MS_MAX = 2000;

interface Member extends Threaded<ToWorker> {
  /** The place, from 0, whose sockets it reads; undefined while it is parked. */
  place?: number;
  gone: boolean;
  /** Why it died during the stop. */
  diedOf?: string;
  pulse: number;
  silentMs: number;
  readonly ready: PromiseWithResolvers<readonly number[] | undefined>;
}

/**
 * Receives with a fixed number of workers. Each has a place, which is a set of sockets to read. A spare takes over the
 * place of a worker that died, with all that is queued in its sockets.
 */
export class WorkerPool extends SparePool<ToWorker, FromWorker, Member> {
  readonly #options: WorkerPoolOptions;
  readonly #events: WorkerPoolEvents;
  /** Whether the master opened the sockets, so that any worker can read them. */
  #socketsAreShared = false;

  constructor(options: WorkerPoolOptions, events: WorkerPoolEvents) {
    super();
    this.#options = options;
    this.#events = events;
  }

  /**
   * Starts every worker and waits until each has opened what it needs and dropped its permissions.
   *
   * @returns the ports listened on, if the workers opened them.
   * @throws {Error} A worker can't be prepared, or still holds a permission.
   */
  async prepare(open: Prepare): Promise<readonly number[] | undefined> {
    const { workers, spares } = this.#options;
    const all = workers + spares;
    this.#socketsAreShared = open.receiver === "reuseport";
    if (open.receiver === "reuseport") {
      await Promise.all(Array.from({ length: all }, (_, worker) => this.#start(worker, open)));
      return undefined;
    }
    // One after the other, the last place first: on Linux the socket that listened last receives everything, and when
    // it closes, the socket that listened before it. So worker 0 receives first, and spares go in by their numbers.
    let { addresses } = open;
    for (let worker = all - 1; worker >= 0; worker--) {
      const ports = await this.#start(worker, { ...open, addresses });
      addresses = addresses.map(({ hostname, port }, i) => ({ hostname, port: ports?.[i] ?? port }));
    }
    return addresses.map(({ port }) => port);
  }

  /** Lets every worker but the spares receive. A spare takes the place of a worker that has died in the meantime. */
  receive(): void {
    for (let place = 0; place < this.#options.workers; place++) {
      const member = this.members.find(({ worker }) => worker === place)!;
      if (member.gone) this.#replace(member, place, "it died before it received");
      else this.#post(member, place);
    }
  }

  /**
   * Lets the workers read what is left and hand it over. Waits for them, but no longer than `deadlineMs`.
   *
   * @returns the workers that did not hand over by then.
   */
  async stop(clock: Clock, deadlineMs: number): Promise<LostWorker[]> {
    const deadline = Promise.withResolvers<void>();
    const cancel = clock.setTimer(deadline.resolve, deadlineMs);
    const receiving = this.#receiving;
    const stopped = this.stopAll(receiving, () => {}, deadline.promise);
    signalStop(this.#options.control);
    await stopped;
    cancel();
    return receiving.flatMap(({ worker, gone, diedOf }) => {
      const reason = gone ? diedOf : "it did not stop in time";
      return reason === undefined ? [] : [{ worker, reason }];
    });
  }

  /**
   * Looks for workers that hang, or that died without an event: a worker that closes itself raises none.
   *
   * @param elapsedMs how long this thread was running since the last call. Time in which the whole process stood still
   * (SIGSTOP, a suspend) must not count: the workers could show no pulse then.
   */
  checkPulses(elapsedMs: number): void {
    for (const member of this.#receiving) {
      const pulse = Atomics.load(this.#options.control, pulseOf(member.worker));
      member.silentMs = pulse === member.pulse ? member.silentMs + elapsedMs : 0;
      member.pulse = pulse;
      if (member.silentMs >= SILENCE_MS_MAX) this.#hung(member, "it gave no sign of life for 2 s");
    }
  }

  /** What every worker does at the moment, the spares included, in the order of their numbers. */
  workerStates(): PoolMember[] {
    return this.members.toSorted((a, b) => a.worker - b.worker).map(({ worker, place, gone, silentMs }) => ({
      worker,
      place,
      state: gone ? "gone" : place === undefined ? "parked" : silentMs >= SILENT_MS ? "silent" : "receiving",
    }));
  }

  protected override isParked({ worker, place, gone }: Member): boolean {
    return worker >= this.#options.workers && place === undefined && !gone;
  }

  get #receiving(): Member[] {
    return this.members.filter((member) => member.place !== undefined && !member.gone);
  }

  async #start(worker: number, open: Prepare): Promise<readonly number[] | undefined> {
    const { control, datagramBytesMax, sampling, startWorker } = this.#options;
    const member = this.add(worker, (events) => startWorker(open.receiver, events), {
      gone: false,
      pulse: 0,
      silentMs: 0,
      ready: Promise.withResolvers(),
    });
    member.handle.post({ kind: "prepare", worker, control, datagramBytesMax, sampling, open });
    return await member.ready.promise;
  }

  #post(member: Member, place: number): void {
    member.place = place;
    member.silentMs = 0;
    this.#events.joined(member.worker);
    member.handle.post({ kind: "receive", ...this.#options.orderOf(place) });
  }

  protected override said(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        if (message.held.length === 0) return member.ready.resolve(message.ports);
        return member.ready.reject(
          new Error(`A worker could not drop its permissions: ${message.held.join(", ")}`),
        );
      case "partial":
        return this.#events.partial(member.worker, message);
      case "refused":
        return this.#events.refused(message.refused);
      case "failed":
        return this.died(member, message.reason);
      case "stopped":
        if (!this.isStopping) return this.died(member, "it ended by itself");
        member.gone = true;
        member.ended.resolve();
    }
  }

  protected override died(member: Member, reason: string): void {
    if (member.gone) return;
    this.#leave(member, reason);
    if (this.isStopping) return;
    member.handle.terminate();
    if (member.place !== undefined) this.#replace(member, member.place, reason);
    else if (member.worker >= this.#options.workers) this.#events.spareLost(member.worker, reason);
  }

  /**
   * Treats a worker that shows no pulse as dead. Its thread is left alone: terminate() does not stop a blocked thread,
   * it only drops its messages. Should the thread wake up, it reads its socket beside its replacement and hands over.
   */
  #hung(member: Member, reason: string): void {
    this.#leave(member, reason);
    if (this.isStopping) return;
    if (this.#socketsAreShared) this.#replace(member, member.place!, reason);
    // The kernel keeps feeding the socket that the hung worker opened itself, so no spare can help.
    else this.#events.lost(member.worker, `${reason}, and keeps its socket`, undefined);
  }

  #leave(member: Member, reason: string): void {
    member.gone = true;
    member.ready.reject(new Error(reason));
    member.ended.resolve();
    if (this.isStopping) member.diedOf = reason;
  }

  #replace(member: Member, place: number, reason: string): void {
    // The lowest number: among sockets opened one by one, its socket is the one that receives next.
    const spare = this.nextSpare();
    if (spare) this.#post(spare, place);
    this.#events.lost(member.worker, reason, spare?.worker);
  }
}
