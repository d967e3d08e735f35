import { probe } from "../balancer/health/probe.ts";
import { readDotEnv } from "../shared/flags/flags.ts";
import { REAL_CLOCK } from "../shared/clock.ts";
import { readVariable } from "../shared/process/process.ts";
import { onStopSignal, openLog, runProgram } from "../shared/program.ts";
import { parseConfig, type ProberConfig } from "./config.ts";
import { RemoteProber } from "./remote_prober.ts";

/** The permissions that only the start needs. */
const STARTUP_ONLY = ["env", "read"] as const;

/** Probes until SIGINT or SIGTERM. */
async function run(config: ProberConfig): Promise<void> {
  const stop = Promise.withResolvers<void>();
  onStopSignal(stop.resolve);
  const { reportTo, token, probePrivate: allowsPrivate } = config;
  const log = openLog(config);
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
    log.info("probing", "probing and reporting", { balancers: reportTo })
  );
  await Promise.race([started, stop.promise]);
  await stop.promise;
  prober.stop();
  log.info("stopped", "the prober has stopped; its last reports expire in the balancers");
}

Deno.exit(
  await runProgram(
    () => parseConfig(Deno.args, readVariable, readDotEnv(".env"), Deno.stderr.isTerminal()),
    run,
  ),
);
