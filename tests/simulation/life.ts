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
  readonly #heard: (entry: LogEntry) => void;
  #master: Master | undefined;
  state: "starting" | "serving" | "stopping" | "ended" = "starting";
  /** The tick of which its workers know that they shall look at the control word. */
  tickSeen: number | undefined = 0;

  /** @param heard is told every entry of the service's log. */
  constructor(world: World, disk: SimulatedDisk, witness: WorkerWitness, heard: (entry: LogEntry) => void) {
    this.#disk = disk.process();
    this.#clock = world.process();
    this.#witness = witness;
    this.#heard = heard;
  }

  /** Returns when it serves. @param id names its checkpoint. */
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
      this.#heard(entry);
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  /** Resolves when it can't go on. */
  get failed(): Promise<void> {
    return this.#master!.failed;
  }

  get receiving(): SimulatedWorker[] {
    return this.workers.filter((worker) => worker.receiving);
  }

  /** Stops it in good order; returns whether every record is safe. */
  async stop(): Promise<boolean> {
    this.state = "stopping";
    const isSafe = await this.#master!.stop();
    this.kill(); // The process ends, whatever it had still under way.
    return isSafe;
  }

  /** Not one more system call, nor a timer. */
  kill(): void {
    this.state = "ended";
    this.#disk.kill();
    this.#clock.kill();
  }

  /** The totals in the last log line. */
  get count(): { received: number; accepted: number; lost: number; records: number } {
    const { received, accepted, lost, records } = this.log.findLast(({ event }) => event === "stopped")!;
    return { received, accepted, lost, records } as Life["count"];
  }
}
