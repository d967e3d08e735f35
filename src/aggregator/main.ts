import { fileURLToPath } from "node:url";
import denoJson from "../../deno.json" with { type: "json" };
import { createLog, type Log } from "../shared/log.ts";
import { readDotEnv, UsageError } from "../shared/flags/flags.ts";
import { canOpenLibc } from "../shared/libc.ts";
import { DescriptorCount } from "../shared/process/descriptor_count.ts";
import { readVariable, writeStderr } from "../shared/process/process.ts";
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
import type { Clock } from "./aggregate/timeline.ts";

const WORKER_URL = new URL("./worker.ts", import.meta.url);
const ADMIN_URL = new URL("./admin/worker.ts", import.meta.url);
/** Where the worker's modules are: to start one takes read permission for them. */
const SOURCE_PATH = fileURLToPath(new URL("..", import.meta.url));

const clock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Starts the thread that tells others of the service; undefined where nobody asked for it. */
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
    version: denoJson.version,
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

async function serve(config: AggregatorConfig, log: Log): Promise<number> {
  const stop = Promise.withResolvers<number>();
  // Else a write past the limit of a file (ulimit -f) would end the process; with a listener it fails, as others do.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => stop.resolve(0));
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
  // Before anybody hears that it listens: an unheard SIGHUP ends a process.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", () => void master.reopen());
  await master.start();
  const code = await Promise.race([stop.promise, master.failed.then(() => 1)]);
  const isSafe = await master.stop();
  return isSafe ? code : 1;
}

async function main(): Promise<number> {
  const facts = { cores: navigator.hardwareConcurrency, stderrIsTerminal: Deno.stderr.isTerminal() };
  try {
    const request = parseConfig(Deno.args, readVariable, readDotEnv(".env"), facts);
    if (request.kind === "run") {
      const { logLevel: level, logFormat: format } = request.config;
      const log = createLog({ level, format, write: writeStderr, now: () => new Date() });
      return await serve(request.config, log);
    }
    console.log(request.kind === "help" ? request.text : denoJson.version);
    return 0;
  } catch (error) {
    writeStderr(`error: ${error instanceof Error ? error.message : error}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

Deno.exit(await main());
