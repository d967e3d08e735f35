import denoJson from "../../deno.json" with { type: "json" };
import { probe } from "../balancer/health/probe.ts";
import { readDotEnv, UsageError } from "../shared/flags/flags.ts";
import { REAL_CLOCK } from "../shared/http/listener.ts";
import { createLog } from "../shared/log.ts";
import { readVariable, writeStderr } from "../shared/process/process.ts";
import { parseConfig, type ProberConfig } from "./config.ts";
import { RemoteProber } from "./remote_prober.ts";

/** The kinds that nothing needs once it has started. */
const STARTUP_ONLY = ["env", "read"] as const;

/** Probes until it is told to stop. */
async function run(config: ProberConfig): Promise<void> {
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => stop.resolve());
  const { reportTo, token, probePrivate: allowsPrivate, logLevel: level, logFormat: format } = config;
  const log = createLog({ level, format, write: writeStderr, now: () => new Date() });
  for (const name of STARTUP_ONLY) Deno.permissions.revokeSync({ name });
  const prober = new RemoteProber({
    balancers: reportTo,
    token,
    log,
    fetch,
    clock: REAL_CLOCK,
    probe: (target) => probe(target, { allowsPrivate }),
  });
  const started = prober.start().then(() =>
    log.info("probing", "reporting from now on", { balancers: reportTo })
  );
  await Promise.race([started, stop.promise]);
  await stop.promise;
  prober.stop();
  log.info("stopped", "the balancers forget what they were told by and by");
}

async function main(): Promise<number> {
  try {
    const request = parseConfig(Deno.args, readVariable, readDotEnv(".env"), Deno.stderr.isTerminal());
    if (request.kind === "run") await run(request.config);
    else console.log(request.kind === "help" ? request.text : denoJson.version);
    return 0;
  } catch (error) {
    writeStderr(`error: ${error instanceof Error ? error.message : error}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

Deno.exit(await main());
