import type { AggregatorConfig } from "../../../src/aggregator/config.ts";
import type { BoardWriter } from "../../../src/aggregator/admin/board.ts";
import { Checkpoint, recover } from "../../../src/aggregator/write/checkpoint.ts";
import { checkpointPathOf } from "../../../src/aggregator/write/file_names.ts";
import { Master } from "../../../src/aggregator/master.ts";
import type { StartWorker } from "../../../src/aggregator/worker_pool.ts";
import type { Disk } from "../../../src/aggregator/write/disk.ts";
import type { Clock } from "../../../src/shared/clock.ts";
import type { Port } from "../../../src/aggregator/receive/port.ts";
import { lastTimestampSeconds } from "../../../src/aggregator/write/record.ts";
import { Rotation } from "../../../src/aggregator/write/rotation.ts";
import { Sink } from "../../../src/aggregator/write/sink.ts";
import type { Log } from "../../../src/shared/log.ts";
import { type LogEntry, logInto } from "../recorded_log.ts";
import { SimulatedDisk } from "../disk/simulated_disk.ts";
import { SimulatedClock } from "../clock/simulated_clock.ts";
import { type SimulatedWorker, simulatedWorkers } from "./simulated_workers.ts";

export { eventsOf, type LogEntry, logInto } from "../recorded_log.ts";

/** A real master with a simulated clock, disk, kernel and workers. */
export interface SimulatedAggregator {
  master: Master;
  clock: SimulatedClock;
  workers: SimulatedWorker[];
  disk: SimulatedDisk;
  /** Returns the text of the output file. */
  file(): string;
  /** Kills the process: no more timers, no more system calls. */
  kill(): void;
  log: LogEntry[];
  /** Stops the master, and lets the time pass that a stop takes. */
  stop(): Promise<void>;
  /** A test sets `dropped`. The master makes `accepting` false when it stops. */
  kernel: { dropped: number; accepting: boolean };
}

export const CONFIG: AggregatorConfig = {
  listen: [{ hostname: "127.0.0.1", port: 9999 }],
  outPath: "data/metrics.jsonl",
  outMode: 0o640,
  rotate: null,
  keep: null,
  checkpointPath: null,
  rejectedSamplePath: null,
  workers: 2,
  receiver: "reuseport",
  windowSeconds: [10, 60],
  align: "start",
  extra: "none",
  spareWorkers: 1,
  datagramBytesMax: 8192,
  receiveBufferBytes: 26_214_400,
  admin: undefined,
  logLevel: "info",
  logFormat: "json",
};

export interface Assembly {
  config: AggregatorConfig;
  clock: Clock;
  disk: Disk;
  startWorker: StartWorker;
  port: Port;
  log: Log;
  /** The end of the checkpoint's name. */
  id: string;
  /** The board that the master reports to. */
  board?: BoardWriter | undefined;
}

/** Assembles a real master from these parts, as main.ts does. @throws {Error} The file can't be opened. */
export async function assembleMaster({ config, clock, disk, log, id, ...parts }: Assembly): Promise<Master> {
  const path = config.outPath;
  const { rotate: when, keep } = config;
  const rotation = when === null ? undefined : new Rotation({ path, disk, log, when, keep });
  const sink = new Sink({ path, disk, clock, log, recordsWaitingMax: 100_000, rotation });
  const inFile = await sink.open() ?? 0;
  const recovered = await recover(path, disk, log);
  return new Master({
    ...parts,
    config,
    clock,
    log,
    sink,
    recovered,
    checkpoint: new Checkpoint(checkpointPathOf(path), id, disk),
    lastTimestampSeconds: Math.max(inFile, lastTimestampSeconds(recovered.lines.join("")) ?? 0),
    dropPermissions() {},
  });
}

/** Starts a simulated aggregator at this Unix time, on a new disk or on that of an earlier aggregator. */
export async function startSimulated(
  startSeconds: number,
  options: Partial<AggregatorConfig> & { disk?: SimulatedDisk; id?: string; board?: BoardWriter } = {},
): Promise<SimulatedAggregator> {
  const { disk = new SimulatedDisk(), id = "0", board, ...changed } = options;
  const config = { ...CONFIG, ...changed };
  const clock = new SimulatedClock(startSeconds * 1000);
  const { workers, startWorker } = simulatedWorkers(clock);
  const kernel = { dropped: 0, accepting: true };
  const log: LogEntry[] = [];
  const ownDisk = disk.process();
  const master = await assembleMaster({
    config,
    clock,
    id,
    startWorker,
    disk: ownDisk,
    log: logInto(log),
    port: simulatedPort(kernel),
    board,
  });
  await master.start();
  const stop = async () => {
    const stopped = master.stop();
    await clock.pass(1000);
    await stopped;
  };
  const kill = () => {
    ownDisk.kill();
    clock.freeze();
  };
  return { master, clock, workers, disk, file: () => disk.text(config.outPath), log, stop, kill, kernel };
}

/** A port without sockets: `kernel` holds what the kernel would count. */
export function simulatedPort(kernel: SimulatedAggregator["kernel"]): Port {
  return {
    kind: "reuseport",
    addresses: [{ hostname: "127.0.0.1", port: 9999 }],
    receivingSockets: 2,
    bufferBytes: 26_214_400,
    orderOf: (index) => ({ fds: [100 + index], sleepMsMax: 10 }),
    wake() {},
    dropped: () => kernel.dropped,
    readings: () => [{ dropped: kernel.dropped, queuedBytes: 0, bufferBytes: 52_428_800 }],
    stopAccepting: () => void (kernel.accepting = false),
    close() {},
  };
}
