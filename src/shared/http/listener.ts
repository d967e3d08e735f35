import type { Clock } from "../clock.ts";
import { Endings } from "./answers.ts";
import type { Connection, Host } from "./connection.ts";
import { type Patience, Places } from "./places.ts";
import { messageOf } from "../error_message.ts";

/** A TCP listener of Deno, or a simulation of one. */
export type Acceptor = Pick<
  Deno.Listener<Deno.Conn<Deno.NetAddr>, Deno.NetAddr>,
  "accept" | "close" | "addr"
>;

export interface ListenerOptions {
  readonly acceptor: Acceptor;
  readonly connectionsMax: number;
  readonly patience: Patience;
  /** Makes the connection object that serves an accepted connection. */
  readonly connect: (conn: Deno.Conn<Deno.NetAddr>, host: Host) => Connection;
  readonly clock: Clock;
  /** A further limit on connections. */
  readonly admission?: Admission;
  readonly events: ListenerEvents;
}

/** Decides whether a new connection is allowed, and is called when an allowed connection has ended. */
export interface Admission {
  enter(address: Deno.NetAddr): boolean;
  leave(address: Deno.NetAddr): void;
}

export interface ListenerEvents {
  /** Accepting has begun to fail. The listener keeps trying. */
  acceptFailing(reason: string): void;
  acceptRecovered(failures: number): void;
  /** A connection was accepted. It may be closed at once. */
  accepted?(): void;
}

/** Connections since the start, by what happened to them. */
export interface ConnectionCounts {
  accepted: number;
  /** Attempts to accept a connection that failed. */
  failed: number;
  /** Closed because the request did not arrive in time. */
  timedOutReading: number;
  /** Closed because no further request came. */
  timedOutIdle: number;
  /** Closed because the client did not take its answer. */
  timedOutWriting: number;
  /** Closed to make room for another connection. */
  evicted: number;
  /** Closed at once, because there was no room, or too many connections from the address. */
  refused: number;
}

/** The time between two checks of deadlines, in milliseconds. */
export const TICK_MS = 250;
/** The pause after a failed accept, if no connection could be closed to make room. */
const ACCEPT_PAUSE_MS = 50;
/** Accepting counts as recovered after this time without a failure. */
const RECOVERED_MS = 1000;

/** How long a stop waits for a further request on an idle connection. */
export const QUIET_MS = 200;
/** How long a stop waits for a client that is sending a request or taking an answer. */
export const STOP_MS_MAX = 750;
const STOP_STEP_MS = 10;
/** If no connection could be accepted for this time, the accept queue is empty. */
const QUEUE_EMPTY_MS = 20;
/** More than enough turns for a promise that settles without the event loop. */
const MICROTASKS = 16;

/** Accepts connections, serves them, and closes the slow ones. A failed connection does not affect others. */
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

  /** Makes each further answer the last one on its connection. */
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

  /** Closes the socket. New connections then go to another listener on this port, if there is one. */
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

  /** Closes the least needed connection. Returns false if there was none to close. */
  #evict(): boolean {
    const connection = this.places.leastNeeded();
    if (connection === undefined) return false;
    this.counts.evicted++;
    connection.close();
    return true;
  }

  /**
   * Handles a failed accept. Mostly descriptors have run out, so one connection is closed to make room.
   *
   * @returns how long to wait before the next attempt, in milliseconds
   */
  #fail(error: unknown): number {
    this.#startTicking();
    this.#failedMs = this.nowMs;
    this.counts.failed++;
    if (this.#failures++ === 0) {
      this.#options.events.acceptFailing(messageOf(error));
    }
    return this.#evict() ? 0 : ACCEPT_PAUSE_MS;
  }

  #startTicking(): void {
    if (this.#cancelTick) return;
    // While no timer ran, no connection had a deadline. So the time since the last tick does not count.
    this.#tickedMs = this.#options.clock.monotonicMs();
    this.endings.setTime(this.#options.clock.wallMs());
    this.#cancelTick = this.#options.clock.setTimer(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const { clock, events } = this.#options;
    const nowMs = clock.monotonicMs();
    // If the thread was blocked, it could not read what clients sent. That time does not count against them.
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
    // `nowMs` may be a tick old when a connection enters a stage.
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
   * Graceful shutdown: accepts the connections in the queue, answers requests that have been sent or are sent
   * at once, and closes all connections. Slow clients delay the stop by {@linkcode STOP_MS_MAX} at most.
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
  if (stage === "answering") return Infinity; // The client waits for this service, not the other way round.
  return isSilent ? QUIET_MS : STOP_MS_MAX;
}

/**
 * Whether a promise settles without a turn of the event loop. `accept` returns a connection from the queue
 * that fast (after two microtasks, as an experiment showed). So the queue is empty if this returns false.
 */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  const settle = () => void (isOver = true);
  promise.then(settle, settle);
  for (let turn = 0; turn < MICROTASKS && !isOver; turn++) await undefined;
  return isOver;
}
