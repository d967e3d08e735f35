import type { StartWorker, WorkerEvents, WorkerHandle } from "../../../src/aggregator/worker_pool.ts";
import { pulseOf, type ToWorker } from "../../../src/aggregator/worker_protocol.ts";
import { Batch, scanDatagram } from "../../../src/aggregator/parse/scanner.ts";
import { HandOver } from "../../../src/aggregator/receive/hand_over.ts";
import type { Clock } from "../../../src/shared/clock.ts";

/** How often a simulated worker looks at the control word, in ms: as often as a real one without traffic. */
const LOOK_MS = 50;

/**
 * A worker in the master's thread, on a simulated clock. It scans real bytes and uses the real `HandOver`.
 */
export class SimulatedWorker implements WorkerHandle {
  readonly #clock: Clock;
  readonly #events: WorkerEvents;
  #prepared: (ToWorker & { kind: "prepare" }) | undefined;
  #handOver: HandOver | undefined;
  #cancelLook = () => {};
  /** While true, the worker hangs: it does not look at the control word, shows no pulse and posts nothing. */
  stuck = false;
  /** While true, the worker shows a pulse, but does not look at the control word's tick. */
  slow = false;
  receiving = false;

  constructor(clock: Clock, events: WorkerEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  post(message: ToWorker): void {
    if (message.kind === "prepare") {
      this.#prepared = message;
      queueMicrotask(() => this.#events.said({ kind: "ready", held: [] }));
      return;
    }
    const { control, worker } = this.#prepared!;
    this.#handOver = new HandOver(control, worker, (said) => this.#events.said(said));
    this.receiving = true;
    this.#scheduleLook();
  }

  terminate(): void {
    this.#cancelLook();
    this.receiving = false;
  }

  /** Reads one datagram, as if it had just arrived. */
  read(datagram: string): void {
    this.#look();
    const { into } = this.#handOver!;
    this.#handOver!.note(1);
    const bytes = new TextEncoder().encode(datagram);
    scanDatagram(Batch.of(bytes), 0, bytes.length, false, into);
  }

  die(reason: string): void {
    this.terminate();
    this.#events.died(reason);
  }

  #scheduleLook(): void {
    this.#cancelLook = this.#clock.setTimer(() => {
      this.#look();
      if (this.receiving) this.#scheduleLook();
    }, LOOK_MS);
  }

  #look(): void {
    if (this.stuck) return;
    const { control, worker } = this.#prepared!;
    if (this.slow) return void Atomics.add(control, pulseOf(worker), 1);
    if (this.#handOver!.look() || !this.receiving) return;
    this.terminate();
    this.#handOver!.handOver();
    this.#events.said({ kind: "stopped" });
  }
}

/** Returns a function that starts simulated workers, and the list of the workers that it started. */
export function simulatedWorkers(clock: Clock): { workers: SimulatedWorker[]; startWorker: StartWorker } {
  const workers: SimulatedWorker[] = [];
  const startWorker: StartWorker = (_receiver, events) => {
    const worker = new SimulatedWorker(clock, events);
    workers.push(worker);
    return worker;
  };
  return { workers, startWorker };
}
