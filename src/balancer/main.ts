import { fileURLToPath } from "node:url";
import denoJson from "../../deno.json" with { type: "json" };
import { readDotEnv, UsageError } from "../shared/flags.ts";
import { createLog, type Log } from "../shared/log.ts";
import { readVariable, writeStderr } from "../shared/process.ts";
import { adminApp } from "./admin/app.ts";
import { parseTokens, type Tokens } from "./admin/tokens.ts";
import { type BalancerConfig, parseConfig } from "./config.ts";
import { Master } from "./master.ts";
import { MetricsSender } from "./metrics_sender.ts";
import { dropStartupPermissions, hostsNeededBy } from "./permissions.ts";
import { SnapshotFile } from "./snapshot.ts";
import { claimAddress, workersFrom } from "./spawn.ts";
import { openStore } from "./store/store.ts";

const WORKER_URL = new URL("./worker.ts", import.meta.url);
/** Where the worker's modules are: to start one takes read permission for them. */
const SOURCE_PATH = fileURLToPath(new URL("..", import.meta.url));

async function serve(config: BalancerConfig, tokens: Tokens, log: Log): Promise<number> {
  const stop = Promise.withResolvers<number>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => stop.resolve(0));
  const { dataDirectory, databaseUrl, metricsTo } = config;
  const listen = claimAddress(config.listen);
  const admin = claimAddress(config.admin);
  await using metrics = metricsTo && new MetricsSender(metricsTo, log);
  const snapshot = await SnapshotFile.open(dataDirectory, log);
  const store = await openStore({ databaseUrl, dataDirectory, log });
  const master = new Master({
    config,
    listen,
    admin,
    store,
    snapshot,
    log,
    startWorker: workersFrom(WORKER_URL),
    sendMetrics: metrics && ((measurement) => void metrics.send(measurement)),
    dropPermissions: () =>
      dropStartupPermissions(hostsNeededBy(config), [".env", SOURCE_PATH], dataDirectory),
  });
  const { version } = denoJson;
  const app = adminApp({ store, tokens, log, version, readiness: () => master.readiness });
  const adminServer = Deno.serve({ ...admin, onListen() {}, handler: app.fetch });
  try {
    const started = master.start().then(() => stop.promise);
    return await Promise.race([stop.promise, started, master.failed.then(() => 1)]);
  } finally {
    await master.stop(adminServer);
  }
}

async function main(): Promise<number> {
  const facts = { cores: navigator.hardwareConcurrency, stderrIsTerminal: Deno.stderr.isTerminal() };
  try {
    const request = parseConfig(Deno.args, readVariable, readDotEnv(".env"), facts);
    if (request.kind === "run") {
      const { config } = request;
      const { logLevel: level, logFormat: format } = config;
      const log = createLog({ level, format, write: writeStderr, now: () => new Date() });
      return await serve(config, parseTokens(config.adminTokens), log);
    }
    console.log(request.kind === "help" ? request.text : denoJson.version);
    return 0;
  } catch (error) {
    writeStderr(`error: ${error instanceof Error ? error.message : error}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

Deno.exit(await main());
