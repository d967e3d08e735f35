import type { AggregatorConfig } from "../../src/aggregator/config.ts";
import type { Master } from "../../src/aggregator/master.ts";
import { assembleMaster, type LogEntry, simulatedPort } from "../support/simulated/simulated_aggregator.ts";
import type { Log } from "../../src/shared/log.ts";
import type { SimulatedDisk } from "../support/disk/simulated_disk.ts";
import { SimulatedWorker, type WorkerWitness } from "./simulated_worker.ts";
import type { World } from "./world.ts";

/** One process: the real master with simulated workers, from its start to its stop or its kill. */
export class Life {
  readonly workers: SimulatedWorker[] = [];
  readonly log: LogEntry[] = [];
  readonly #disk;
  readonly #clock;
  readonly #witness: WorkerWitness;
  readonly #onLog: (entry: LogEntry) => void;
  #master: Master | undefined;
  state: "starting" | "serving" | "stopping" | "ended" = "starting";
  /** The last tick for which looks of the workers at the control word were planned. */
  tickSeen: number | undefined = 0;

  /** @param onLog gets every entry of the service's log */
  constructor(world: World, disk: SimulatedDisk, witness: WorkerWitness, onLog: (entry: LogEntry) => void) {
    this.#disk = disk.process();
    this.#clock = world.process();
    this.#witness = witness;
    this.#onLog = onLog;
  }

  /** Starts the process; returns when it serves. @param id ends the name of its checkpoint */
  async start(config: AggregatorConfig, id: string): Promise<void> {
    this.#master = await assembleMaster({
      config,
      id,
      clock: this.#clock,
      disk: this.#disk,
      startWorker: (_receiver, events) => {
        const worker = new SimulatedWorker(events, this.#witness);
        this.workers.push(worker);
        return worker;
      },
      port: simulatedPort({ dropped: 0, accepting: true }),
      log: this.#listen(),
    });
    await this.#master.start();
    if (this.state === "starting") this.state = "serving";
  }

  #listen(): Log {
    const at = (level: string) => (event: string, message: string, fields: Record<string, unknown> = {}) => {
      const entry = { level, event, message, ...fields };
      this.log.push(entry);
      this.#onLog(entry);
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  /** Resolves when the service can't go on. */
  get failed(): Promise<void> {
    return this.#master!.failed;
  }

  get receiving(): SimulatedWorker[] {
    return this.workers.filter((worker) => worker.receiving);
  }

  /** Stops the process gracefully; returns whether every record is safe. */
  async stop(): Promise<boolean> {
    this.state = "stopping";
    const isSafe = await this.#master!.stop();
    this.kill(); // The process ends, even with operations under way.
    return isSafe;
  }

  /** Ends the process at once: no more system calls, no more timers. */
  kill(): void {
    this.state = "ended";
    this.#disk.kill();
    this.#clock.kill();
  }

  /** The totals that the service logged when it stopped. */
  get count(): { received: number; accepted: number; lost: number; records: number } {
    const { received, accepted, lost, records } = this.log.findLast(({ event }) => event === "stopped")!;
    return { received, accepted, lost, records } as Life["count"];
  }
}
