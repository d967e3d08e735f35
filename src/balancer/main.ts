import { fileURLToPath } from "node:url";
import { freeDescriptors } from "../shared/process/descriptors.ts";
import { formatHostPort, type HostPort } from "../shared/address.ts";
import { readDotEnv } from "../shared/flags/flags.ts";
import { EventStreams } from "../shared/http/event_streams.ts";
import { Exchange, type SlowResponder } from "../shared/http/exchange.ts";
import { HttpListener } from "../shared/http/listener.ts";
import { REAL_CLOCK } from "../shared/clock.ts";
import type { Log } from "../shared/log.ts";
import { readVariable } from "../shared/process/process.ts";
import { onStopSignal, openLog, runProgram, VERSION } from "../shared/program.ts";
import { openAccessFile } from "./access_log/access_file.ts";
import { AccessLog } from "./access_log/access_log.ts";
import type { AcceptTrouble } from "./front/accept_trouble.ts";
import { adminApp } from "./admin/app.ts";
import { noChanges } from "./admin/changes.ts";
import { balancerMetrics } from "./admin/metrics.ts";
import { type Facts, momentOf, type Watched } from "./admin/moment.ts";
import { adminResponder } from "./admin/server.ts";
import { statusJson } from "./admin/status.ts";
import { parseMetricsToken, parseTokens } from "./admin/tokens.ts";
import { type CertificateFiles, CertificateWatch, LOOK_MS, readCertificate } from "./front/certificate.ts";
import { type BalancerConfig, parseConfig } from "./config.ts";
import { CONNECTIONS_DEFAULT_MAX } from "./connection_flags.ts";
import {
  ADMIN_CONNECTIONS_MAX,
  connectionsFor,
  descriptorReserve,
  type Limits,
  limitsOf,
  patienceOf,
} from "./front/limits.ts";
import { HealthBoard } from "./health/health_board.ts";
import { probe } from "./health/probe.ts";
import { Prober } from "./health/prober.ts";
import { Master } from "./master.ts";
import { MetricsSender } from "./counts/metrics_sender.ts";
import { dropStartupPermissions, hostsNeededBy } from "./permissions.ts";
import { SnapshotFile } from "./routes/snapshot.ts";
import { claimAddress } from "./front/claim_address.ts";
import { workersFrom } from "./spawn.ts";
import { openStore } from "./store/open_store.ts";

const WORKER_URL = new URL("./worker.ts", import.meta.url);
/** The directory of the worker's modules: starting a worker takes read permission for them. */
const SOURCE_PATH = fileURLToPath(new URL("..", import.meta.url));

/**
 * The event streams of the page. There may be fewer of them than connections, so that open pages leave room for other
 * requests. A stream whose client does not read takes up to 100 KB of the kernel's memory until its lifetime ends.
 */
const STREAMS = { streamsMax: 8, intervalMs: 1000, lifetimeMs: 5 * 60_000 };

async function serve(config: BalancerConfig): Promise<number> {
  const log = openLog(config);
  const tokens = parseTokens(config.adminTokens);
  const isMetricsToken = config.metricsToken ? parseMetricsToken(config.metricsToken) : undefined;
  const [stop, hurry] = [Promise.withResolvers<number>(), Promise.withResolvers<void>()];
  let signals = 0;
  // The second signal cuts off what the graceful shutdown still waits for.
  onStopSignal(() => signals++ === 0 ? stop.resolve(0) : hurry.resolve());
  const { dataDirectory, databaseUrl, metricsTo, certificateFiles, accessLog: accessPath } = config;
  const limits = connectionLimits(config, log);
  const listen = claimAddress(config.listen, true);
  const admin = claimAddress(config.admin);
  await using metrics = metricsTo && new MetricsSender(metricsTo, log);
  const snapshot = await SnapshotFile.open(dataDirectory, log);
  const store = await openStore({ databaseUrl, dataDirectory, log });
  const health = healthBoard(config, log);
  const accessLog = accessPath === ""
    ? undefined
    : await AccessLog.open({ open: () => openAccessFile(accessPath), log, clock: REAL_CLOCK });
  const master = new Master({
    config,
    limits,
    listen,
    admin,
    store,
    snapshot,
    health,
    log,
    readCertificate: certificateFiles && (() => readCertificate(certificateFiles)),
    startWorker: workersFrom(WORKER_URL),
    sendMetrics: metrics && ((measurement) => void metrics.send(measurement)),
    dropPermissions: () =>
      dropStartupPermissions(hostsNeededBy(config), [".env", SOURCE_PATH], dataDirectory),
    accessLog,
    ...config.turnPhase === "random" && { turnsTaken: randomTurns },
  });
  // Before the log says that the service listens: a SIGHUP without a listener ends the process.
  Deno.addSignalListener("SIGHUP", () => void master.reload());
  using _watch = certificateFiles && watchCertificate(certificateFiles, () => void master.reload());
  const watched = {
    facts: factsOf(config, limits, listen),
    master,
    health,
    snapshot,
    changes: noChanges(),
    nowMs: REAL_CLOCK.monotonicMs,
  } satisfies Watched;
  const status = (hasHistory: boolean) => statusJson(momentOf(watched), Date.now(), hasHistory);
  const streams = new EventStreams({
    ...STREAMS,
    message: () => status(false),
    setTimer: REAL_CLOCK.setTimer,
  });
  const app = adminApp({
    store,
    health,
    tokens,
    log,
    clock: REAL_CLOCK,
    version: VERSION,
    hosts: config.adminHosts,
    telling: { metrics: () => balancerMetrics(momentOf(watched)), status },
    isMetricsToken,
    changes: watched.changes,
    readiness: () => master.readiness,
    explain: (video) => master.explain(video),
  });
  const adminListener = listenForAdmin(
    admin,
    config,
    adminResponder(app, log, streams),
    master.acceptTrouble,
  );
  try {
    const started = master.start().then(() => stop.promise);
    return await Promise.race([stop.promise, started, master.failed.then(() => 1)]);
  } finally {
    const stopAdmin = () => {
      streams.end();
      return adminListener.stop();
    };
    await master.stop({ stop: stopAdmin }, hurry.promise);
    await accessLog?.close();
  }
}

function factsOf(config: BalancerConfig, { connectionsMax }: Limits, listen: HostPort): Facts {
  const { workers, spareWorkers, databaseUrl, metricsToken } = config;
  return {
    version: VERSION,
    deno: Deno.version.deno,
    startSeconds: performance.timeOrigin / 1000,
    address: formatHostPort(listen),
    ...{ workers, spareWorkers, connectionsMax: connectionsMax * workers },
    database: databaseUrl ? "postgresql" : "embedded",
    isClosed: metricsToken !== "",
  };
}

/** The health of all destinations. This process probes those that its permissions let it connect to. */
function healthBoard({ probePrivate: allowsPrivate }: BalancerConfig, log: Log): HealthBoard {
  const health = new HealthBoard({ clock: REAL_CLOCK, log });
  health.probeBy(
    new Prober({
      clock: REAL_CLOCK,
      probe: (target) => probe(target, { allowsPrivate }),
      judged: (key, report) => health.judged(key, report),
    }),
  );
  return health;
}

/** The limits for viewers, lowered to what the file descriptors of this process allow. */
function connectionLimits(config: BalancerConfig, log: Log): Limits {
  const { connectionsMax: asked, workers } = config;
  const reserve = descriptorReserve(config);
  const free = freeDescriptors(new URL(import.meta.url), (asked ?? CONNECTIONS_DEFAULT_MAX) + reserve);
  const connectionsMax = connectionsFor(asked, free, reserve);
  if (free - reserve < connectionsMax) {
    log.warn(
      "few_descriptors",
      "raise the limit of file descriptors (ulimit -n, LimitNOFILE=) or lower --connections-max",
      {
        connections_max: connectionsMax,
        descriptors: free,
        needed: connectionsMax + reserve,
      },
    );
  }
  return limitsOf(config, connectionsMax, workers, random());
}

const random = (): number => crypto.getRandomValues(new Uint32Array(1))[0]!;

/** A random number far above the length of any turn order, so that each turn is equally likely to be the first. */
const randomTurns = (): bigint => BigInt(random());

/** Serves the admin API in this thread, with the deadlines that viewers have and a small number of connections. */
function listenForAdmin(
  admin: HostPort,
  config: BalancerConfig,
  responder: SlowResponder,
  trouble: AcceptTrouble,
): HttpListener {
  return new HttpListener({
    acceptor: Deno.listen({ ...admin }),
    connectionsMax: ADMIN_CONNECTIONS_MAX,
    patience: patienceOf(config),
    connect: (conn, host) => new Exchange(conn, host, responder),
    clock: REAL_CLOCK,
    events: {
      acceptFailing: (reason) => trouble.began("admin", reason),
      acceptRecovered: (failures) => trouble.ended("admin", failures),
    },
  });
}

/** Calls back when the certificate files have changed. */
function watchCertificate(files: CertificateFiles, changed: () => void): Disposable {
  const watch = new CertificateWatch(files);
  const look = async () => void (await watch.hasChanged() && changed());
  look();
  const timer = setInterval(look, LOOK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const facts = { cores: navigator.hardwareConcurrency, stderrIsTerminal: Deno.stderr.isTerminal() };
Deno.exit(await runProgram(() => parseConfig(Deno.args, readVariable, readDotEnv(".env"), facts), serve));
