import type { Clock } from "./aggregate/timeline.ts";
import {
  type FromWorker,
  type Prepare,
  pulseOf,
  type ReceiveOrder,
  type Refused,
  signalStop,
  type ToWorker,
} from "./worker_protocol.ts";

/** A worker as the master sees it: a `Worker`, or a simulation of one. */
export interface WorkerHandle {
  post(message: ToWorker): void;
  terminate(): void;
}

/** Starts a worker for this receiver, with no more permissions than it opens its socket or library with. */
export type StartWorker = (receiver: Prepare["receiver"], events: WorkerEvents) => WorkerHandle;

export interface WorkerEvents {
  said(message: FromWorker): void;
  died(reason: string): void;
}

export interface WorkerPoolOptions {
  workers: number;
  spares: number;
  control: Int32Array<SharedArrayBuffer>;
  datagramBytesMax: number;
  /** They shall post some of what they refuse. */
  sampling: boolean;
  startWorker: StartWorker;
  /** What the worker in place `index` (0 to `workers` - 1) is to read. */
  orderOf(index: number): ReceiveOrder;
}

/** What the pool tells of its workers, by number (spares have the highest). */
export interface WorkerPoolEvents {
  joined(worker: number): void;
  partial(worker: number, message: FromWorker & { kind: "partial" }): void;
  /** A sample of what was refused. */
  refused(refused: Refused): void;
  /** It died while it received; `replacement` took its place, unless there was no spare left. */
  lost(worker: number, reason: string, replacement: number | undefined): void;
  /** A parked spare died: no message is lost, but the next death finds one less. */
  spareLost(worker: number, reason: string): void;
}

/** A worker that did not hand over what it had read last, and why. */
export interface LostWorker {
  worker: number;
  reason: string;
}

/** What a worker does at a moment. */
export interface PoolMember {
  readonly worker: number;
  readonly state: "parked" | "receiving" | "silent" | "gone";
  /** Where it receives, or did. */
  readonly place: number | undefined;
}

/** Even an idle worker shows a pulse twice a second: one that has not for so long is told of. */
const SILENT_MS = 800;
/** A worker that has shown no pulse for so long, in milliseconds of the master's own running time, is dead. */
export const SILENCE_MS_MAX = 2000;

interface Member {
  worker: number;
  handle: WorkerHandle;
  /** Where it receives; undefined while it is parked. */
  place?: number;
  gone: boolean;
  /** What it died of during the stop. */
  diedOf?: string;
  pulse: number;
  silentMs: number;
  ready: PromiseWithResolvers<readonly number[] | undefined>;
  ended: PromiseWithResolvers<void>;
}

/**
 * The workers and the spares: all are started and prepared at the beginning, because no thread may start another
 * once the permissions are dropped. A spare is parked until it takes the place of a worker that died.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #events: WorkerPoolEvents;
  readonly #members: Member[] = [];
  #stopping = false;
  /** The master opened them, so any worker can read them. */
  #socketsAreShared = false;

  constructor(options: WorkerPoolOptions, events: WorkerPoolEvents) {
    this.#options = options;
    this.#events = events;
  }

  /**
   * Starts every worker and waits until each has opened what it needs and dropped its permissions.
   *
   * @returns the ports listened on, if the workers opened them.
   * @throws {Error} One can't be prepared, or still holds a permission.
   */
  async prepare(open: Prepare): Promise<readonly number[] | undefined> {
    const { workers, spares } = this.#options;
    this.#socketsAreShared = open.receiver === "reuseport";
    if (open.receiver === "reuseport") {
      await Promise.all(Array.from({ length: workers + spares }, (_, worker) => this.#start(worker, open)));
      return undefined;
    }
    // One by one, the spares first: on Linux the socket that listened last receives, and when it closes the one before.
    let { addresses } = open;
    for (let worker = workers + spares - 1; worker >= 0; worker--) {
      const ports = await this.#start(worker, { ...open, addresses });
      addresses = addresses.map(({ hostname, port }, i) => ({ hostname, port: ports?.[i] ?? port }));
    }
    return addresses.map(({ port }) => port);
  }

  /** Lets every worker but the spares receive; a spare goes in for one that has died in the meantime. */
  receive(): void {
    for (let place = 0; place < this.#options.workers; place++) {
      const member = this.#members.find(({ worker }) => worker === place)!;
      if (member.gone) this.#replace(member, place, "it died before it received");
      else this.#post(member, place);
    }
  }

  /**
   * Lets the workers read what is left and hand over; waits for them, but no longer than `deadlineMs`.
   *
   * @returns the workers that did not hand over by then.
   */
  async stop(clock: Clock, deadlineMs: number): Promise<LostWorker[]> {
    this.#stopping = true;
    signalStop(this.#options.control);
    const deadline = Promise.withResolvers<void>();
    const cancel = clock.setTimer(deadline.resolve, deadlineMs);
    const receiving = this.#receiving;
    await Promise.race([Promise.all(receiving.map((member) => member.ended.promise)), deadline.promise]);
    cancel();
    const lost = receiving.flatMap(({ worker, gone, diedOf }) => {
      const reason = gone ? diedOf : "it did not stop in time";
      return reason === undefined ? [] : [{ worker, reason }];
    });
    this.terminate();
    return lost;
  }

  /**
   * Looks for workers that died without a word (a worker that closes itself raises no error) or hang.
   * `elapsedMs` is the time since the last look in which this thread was running: after a stop of the whole
   * process (SIGSTOP, a suspend) the workers get time to show a pulse again.
   */
  checkPulses(elapsedMs: number): void {
    for (const member of this.#receiving) {
      const pulse = Atomics.load(this.#options.control, pulseOf(member.worker));
      member.silentMs = pulse === member.pulse ? member.silentMs + elapsedMs : 0;
      member.pulse = pulse;
      if (member.silentMs >= SILENCE_MS_MAX) this.#died(member, "it gave no sign of life for 2 s", true);
    }
  }

  /** What every worker does, the spares included. */
  workerStates(): PoolMember[] {
    return this.#members.toSorted((a, b) => a.worker - b.worker).map(({ worker, place, gone, silentMs }) => ({
      worker,
      place,
      state: gone ? "gone" : place === undefined ? "parked" : silentMs >= SILENT_MS ? "silent" : "receiving",
    }));
  }

  terminate(): void {
    for (const member of this.#members) member.handle.terminate();
  }

  get #receiving(): Member[] {
    return this.#members.filter((member) => member.place !== undefined && !member.gone);
  }

  async #start(worker: number, open: Prepare): Promise<readonly number[] | undefined> {
    const { control, datagramBytesMax, sampling, startWorker } = this.#options;
    const member: Member = {
      worker,
      gone: false,
      pulse: 0,
      silentMs: 0,
      ready: Promise.withResolvers(),
      ended: Promise.withResolvers(),
      handle: startWorker(open.receiver, {
        said: (message) => this.#said(member, message),
        died: (reason) => this.#died(member, reason),
      }),
    };
    this.#members.push(member);
    member.handle.post({ kind: "prepare", worker, control, datagramBytesMax, sampling, open });
    return await member.ready.promise;
  }

  #post(member: Member, place: number): void {
    member.place = place;
    member.silentMs = 0;
    this.#events.joined(member.worker);
    member.handle.post({ kind: "receive", ...this.#options.orderOf(place) });
  }

  #said(member: Member, message: FromWorker): void {
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
        return this.#died(member, message.reason);
      case "stopped":
        if (!this.#stopping) return this.#died(member, "it ended by itself");
        member.gone = true;
        member.ended.resolve();
    }
  }

  #died(member: Member, reason: string, silently = false): void {
    if (member.gone) return;
    member.gone = true;
    member.ready.reject(new Error(reason));
    member.ended.resolve();
    if (this.#stopping) {
      member.diedOf = reason;
      return;
    }
    // One that hangs is left alone: terminate() does not stop a blocked thread, only what it says. Should it wake up,
    // it reads its socket beside its replacement, and hands over.
    if (!silently) member.handle.terminate();
    if (silently && !this.#socketsAreShared) {
      // It keeps the socket that it opened itself, and the kernel goes on feeding that: no spare can help.
      this.#events.lost(member.worker, `${reason}, and keeps its socket`, undefined);
    } else if (member.place !== undefined) this.#replace(member, member.place, reason);
    else if (member.worker >= this.#options.workers) this.#events.spareLost(member.worker, reason);
  }

  #replace(member: Member, place: number, reason: string): void {
    const isSpare = (other: Member) =>
      other.worker >= this.#options.workers && other.place === undefined && !other.gone;
    // The lowest number: of sockets opened one by one, its is the one that receives next.
    const spare = this.#members.filter(isSpare).sort((a, b) => a.worker - b.worker)[0];
    if (spare) this.#post(spare, place);
    this.#events.lost(member.worker, reason, spare?.worker);
  }
}
