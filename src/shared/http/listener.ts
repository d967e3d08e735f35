import { Endings } from "./answers.ts";
import type { Connection, Host } from "./connection.ts";
import { type Patience, Places } from "./places.ts";

/** The time as a listener needs it. */
export interface ListenerClock {
  monotonicMs(): number;
  wallMs(): number;
  /** @returns what cancels it */
  setTimer(callback: () => void, delayMs: number): () => void;
}

export const REAL_CLOCK: ListenerClock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A listener of Deno, over TCP or TLS, or a simulation of one. */
export type Acceptor = Pick<
  Deno.Listener<Deno.Conn<Deno.NetAddr>, Deno.NetAddr>,
  "accept" | "close" | "addr"
>;

export interface ListenerOptions {
  readonly acceptor: Acceptor;
  readonly connectionsMax: number;
  readonly patience: Patience;
  /** Makes what serves a connection. */
  readonly connect: (conn: Deno.Conn<Deno.NetAddr>, host: Host) => Connection;
  readonly clock: ListenerClock;
  /** Is asked for each new connection, and told of each that has ended. */
  readonly admission?: Admission;
  readonly events: ListenerEvents;
}

/** Who else has a say in whether a connection may stay. */
export interface Admission {
  enter(address: Deno.NetAddr): boolean;
  leave(address: Deno.NetAddr): void;
}

export interface ListenerEvents {
  /** Connections can't be accepted from now on; it goes on trying. */
  acceptFailing(reason: string): void;
  acceptRecovered(failures: number): void;
  /** A connection came, whatever becomes of it. */
  accepted?(): void;
}

/** What became of connections, since the start. */
export interface ConnectionCounts {
  accepted: number;
  /** Could not be accepted. */
  failed: number;
  /** Closed because its request did not come in time. */
  timedOutReading: number;
  /** Closed because no other request came. */
  timedOutIdle: number;
  /** Closed because its client did not take its answer. */
  timedOutWriting: number;
  /** Closed to make room for another one. */
  evicted: number;
  /** Closed at once: there was no room, or there were too many of its address. */
  refused: number;
}

/** How late a deadline is noticed at most, in milliseconds. */
export const TICK_MS = 250;
/** After a failed accept. */
const ACCEPT_PAUSE_MS = 50;
/** Without a failure for so long, accepting works again. */
const RECOVERED_MS = 1000;

/** How long who waits for his next request may still send one while the listener stops. */
export const QUIET_MS = 200;
/** How long a stop takes at most: who has not sent his request by then, or not taken his answer, gets none. */
export const STOP_MS_MAX = 750;
const STOP_STEP_MS = 10;
/** If nobody is accepted for so long, there is nobody in the queue. */
const QUEUE_EMPTY_MS = 20;
/** More than enough for a promise that is to settle without the event loop. */
const MICROTASKS = 16;

/** Accepts connections, serves them, and closes those that take too long. It goes on whatever happens to one of them. */
export class HttpListener implements Host {
  readonly places: Places<Connection>;
  readonly endings = new Endings();
  readonly counts: ConnectionCounts = {
    ...{ accepted: 0, failed: 0, timedOutReading: 0, timedOutIdle: 0, timedOutWriting: 0 },
    ...{ evicted: 0, refused: 0 },
  };
  isDraining = false;
  nowMs = 0;
  readonly #options: ListenerOptions;
  readonly #queueEmptied = Promise.withResolvers<void>();
  #isAccepting = true;
  #isStopping = false;
  #failures = 0;
  #failedMs = 0;
  #cancelTick: (() => void) | undefined;
  #tickedMs: number;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.places = new Places(options.connectionsMax, options.patience);
    this.#tickedMs = options.clock.monotonicMs();
    this.endings.setTime(options.clock.wallMs());
    this.#acceptAll();
  }

  get port(): number {
    return this.#options.acceptor.addr.port;
  }

  /** From now on each answer is the last one on its connection. */
  drain(): void {
    this.isDraining = true;
  }

  left(connection: Connection): void {
    this.places.remove(connection);
    this.#options.admission?.leave(connection.conn.remoteAddr);
  }

  async #acceptAll(): Promise<void> {
    const { acceptor } = this.#options;
    while (this.#isAccepting) {
      const accepted = acceptor.accept();
      try {
        if (this.#isStopping && !await isSettled(accepted)) return this.#closeAcceptor();
        this.#admit(await accepted);
      } catch (error) {
        if (!this.#isAccepting) return;
        await this.#pause(this.#fail(error));
      }
    }
  }

  /** Whoever waits to be accepted from now on is the next listener's on this port, if there is one. */
  #closeAcceptor(): void {
    if (!this.#isAccepting) return;
    this.#isAccepting = false;
    this.#options.acceptor.close();
    this.#queueEmptied.resolve();
  }

  #admit(conn: Deno.Conn<Deno.NetAddr>): void {
    const { connect, admission } = this.#options;
    const { places, counts } = this;
    counts.accepted++;
    this.#options.events.accepted?.();
    const isAdmitted = admission === undefined || admission.enter(conn.remoteAddr);
    if (!isAdmitted || (places.size >= places.max && !this.#evict())) {
      counts.refused++;
      if (isAdmitted) admission?.leave(conn.remoteAddr);
      return conn.close();
    }
    this.#startTicking();
    const connection = connect(conn, this);
    places.add(connection, "fresh", this.nowMs);
    connection.serve();
  }

  /** Whether there was a connection to close. */
  #evict(): boolean {
    const connection = this.places.leastNeeded();
    if (connection === undefined) return false;
    this.counts.evicted++;
    connection.close();
    return true;
  }

  /**
   * Out of descriptors, mostly: one connection is closed, so that the one which waits can be accepted.
   *
   * @returns how long to wait before the next try, in milliseconds
   */
  #fail(error: unknown): number {
    this.#startTicking();
    this.#failedMs = this.nowMs;
    this.counts.failed++;
    if (this.#failures++ === 0) {
      this.#options.events.acceptFailing(error instanceof Error ? error.message : String(error));
    }
    return this.#evict() ? 0 : ACCEPT_PAUSE_MS;
  }

  #startTicking(): void {
    if (this.#cancelTick) return;
    // Nothing was waiting for a deadline: the time since the last tick is nobody's.
    this.#tickedMs = this.#options.clock.monotonicMs();
    this.endings.setTime(this.#options.clock.wallMs());
    this.#cancelTick = this.#options.clock.setTimer(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const { clock, events } = this.#options;
    const nowMs = clock.monotonicMs();
    // A thread that stood still has not read what came meanwhile: that is not its clients' fault.
    this.nowMs += Math.min(nowMs - this.#tickedMs, 2 * TICK_MS);
    this.#tickedMs = nowMs;
    this.endings.setTime(clock.wallMs());
    this.#closeLate();
    if (this.#failures > 0 && this.nowMs - this.#failedMs >= RECOVERED_MS) {
      events.acceptRecovered(this.#failures);
      this.#failures = 0;
    }
    const isNeeded = this.places.size > 0 || this.#failures > 0;
    this.#cancelTick = isNeeded ? clock.setTimer(() => this.#tick(), TICK_MS) : undefined;
  }

  #closeLate(): void {
    // `nowMs` may be a tick old when a stage is entered.
    for (const connection of this.places.late(this.nowMs - TICK_MS)) {
      const { stage } = connection;
      if (stage === "fresh" || stage === "reading") {
        this.counts.timedOutReading++;
        connection.timeOut();
        continue;
      }
      if (stage === "idle") this.counts.timedOutIdle++;
      if (stage === "writing") this.counts.timedOutWriting++;
      connection.close();
    }
  }

  /**
   * Accepts no more, answers what came until now, and closes. Who has sent a request, or sends one at once, is
   * answered; a client that dawdles does not hold it up.
   */
  async stop(): Promise<void> {
    const { clock } = this.#options;
    this.drain();
    this.#isStopping = true;
    const cancel = clock.setTimer(() => this.#closeAcceptor(), QUEUE_EMPTY_MS);
    await this.#queueEmptied.promise;
    cancel();
    const startMs = clock.monotonicMs();
    while (this.places.size > 0) {
      const waitedMs = clock.monotonicMs() - startMs;
      for (const connection of this.places.all()) {
        if (waitedMs >= graceMs(connection)) connection.close();
      }
      if (this.places.size > 0) await this.#pause(STOP_STEP_MS);
    }
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(resolve, ms));
  }
}

/** How long a stop waits for this connection. */
function graceMs({ stage, isSilent }: Connection): number {
  if (stage === "answering") return Infinity; // for this service, not for the client
  return isSilent ? QUIET_MS : STOP_MS_MAX;
}

/**
 * Whether a promise is settled by now. What `accept` finds in the queue it returns at once, which takes no turn of the
 * event loop (found by trying: two microtasks); so the queue is empty when this says no.
 */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  const settle = () => void (isOver = true);
  promise.then(settle, settle);
  for (let turn = 0; turn < MICROTASKS && !isOver; turn++) await undefined;
  return isOver;
}
