import { fileURLToPath } from "node:url";
import { readDotEnv } from "../shared/flags/flags.ts";
import type { Log } from "../shared/log.ts";
import { canOpenLibc } from "../shared/libc.ts";
import { DescriptorCount } from "../shared/process/descriptor_count.ts";
import { readVariable } from "../shared/process/process.ts";
import { onStopSignal, openLog, runProgram, VERSION } from "../shared/program.ts";
import { BoardWriter, createBoardMemory } from "./admin/board.ts";
import { startAdmin } from "./admin/thread.ts";
import { type AggregatorConfig, parseConfig } from "./config.ts";
import { Master } from "./master.ts";
import { dropStartupPermissions } from "./permissions.ts";
import { FileSystem } from "./write/disk.ts";
import { openOutput } from "./write/output.ts";
import { openPort, type Port } from "./receive/port.ts";
import { STANDARD_OUTPUT } from "./write/standard_output.ts";
import { workersFrom } from "./spawn.ts";
import { REAL_CLOCK as clock } from "../shared/clock.ts";

const WORKER_URL = new URL("./worker.ts", import.meta.url);
const ADMIN_URL = new URL("./admin/worker.ts", import.meta.url);
/** The directory of the worker's modules: starting a worker takes read permission for them. */
const SOURCE_PATH = fileURLToPath(new URL("..", import.meta.url));

/** Starts the admin thread, which serves metrics, health checks and the page; undefined with `--admin off`. */
async function openAdmin(config: AggregatorConfig, port: Port, log: Log): Promise<BoardWriter | undefined> {
  const { admin: address, workers, spareWorkers, windowSeconds, outPath } = config;
  if (address === undefined) return undefined;
  const shape = {
    workers: workers + spareWorkers,
    sockets: port.receivingSockets,
    addresses: port.addresses.length,
    windowSeconds,
  };
  const memory = createBoardMemory(shape);
  const facts = {
    version: VERSION,
    deno: Deno.version.deno,
    startSeconds: performance.timeOrigin / 1000,
    hostnames: port.addresses.map(({ hostname }) => hostname),
    receiver: port.kind,
    file: outPath === STANDARD_OUTPUT ? "stdout" : outPath,
    workers,
    spareWorkers,
    windowSeconds,
  };
  await startAdmin({ url: ADMIN_URL, address, memory, facts, log, monotonicMs: clock.monotonicMs });
  return new BoardWriter(memory);
}

async function serve(config: AggregatorConfig): Promise<number> {
  const log = openLog(config);
  const stop = Promise.withResolvers<number>();
  // Without a listener, a write past the file size limit (ulimit -f) ends the process. With one, only the write fails.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
  onStopSignal(() => stop.resolve(0));
  const { listen, receiver, workers, receiveBufferBytes: bufferBytes } = config;
  const port = openPort(
    { addresses: listen, receiver, workers, bufferBytes },
    (message) => log.warn("receiver", message),
  );
  const disk = new FileSystem(config.outMode);
  const { directories, ...output } = await openOutput(config, { disk, clock, log });
  const board = await openAdmin(config, port, log);
  const master = new Master({
    config,
    clock,
    port,
    ...output,
    log,
    board,
    descriptors: board && canOpenLibc() ? new DescriptorCount() : undefined,
    startWorker: workersFrom(WORKER_URL),
    dropPermissions: () => dropStartupPermissions([".env", SOURCE_PATH], directories),
  });
  // Before the log says that the service listens: a SIGHUP without a listener ends the process.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", () => void master.reopen());
  await master.start();
  const code = await Promise.race([stop.promise, master.failed.then(() => 1)]);
  const isSafe = await master.stop();
  return isSafe ? code : 1;
}

const facts = { cores: navigator.hardwareConcurrency, stderrIsTerminal: Deno.stderr.isTerminal() };
Deno.exit(await runProgram(() => parseConfig(Deno.args, readVariable, readDotEnv(".env"), facts), serve));
