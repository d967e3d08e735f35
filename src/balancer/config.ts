import {
  type FlagSpec,
  helpText,
  type HostPort,
  hostPort,
  type Lookup,
  oneOf,
  parseFlags,
} from "../shared/flags/flags.ts";
import type { LogFormat, LogLevel } from "../shared/log.ts";
import { logFlags } from "../shared/flags/log_flags.ts";
import { parseHostNames } from "./admin/hosts.ts";
import type { CertificateFiles } from "./front/certificate.ts";
import { connectionFlags } from "./connection_flags.ts";
import { type FirstRoute, parseFirstRoute } from "./routes/first_route.ts";
import { aggregatorAddress, certificateFiles, fraction } from "./flag_values.ts";
import type { LimitFlags } from "./front/limits.ts";
import { secret } from "../shared/flags/secrets.ts";
import { type StartRequest, startRequest } from "../shared/flags/start_request.ts";
import { directoryPath, onOff, path } from "../shared/flags/values.ts";
import { workerFlags } from "../shared/flags/worker_flags.ts";

/**
 * How long a graceful shutdown may take, after the drain delay. Requests still in flight then are cut off.
 */
export const STOP_DEADLINE_MS = 10_000;

/** The settings that have a flag and a variable. */
interface Flags extends LimitFlags {
  readonly listen: HostPort;
  /** The address of the admin API. */
  readonly admin: HostPort;
  /** The host names that the admin API answers to. */
  readonly adminHosts: readonly string[];
  readonly workers: number;
  readonly spareWorkers: number;
  /** Whether redirects name their destination and the reason. */
  readonly explainHeader: boolean;
  /** The path of the access log, or `-` for stdout; empty: no access log. */
  readonly accessLog: string;
  /** The fraction of requests in the access log, from 0 to 1. */
  readonly accessLogSample: number;
  /** The limit of the process; undefined: as many as the descriptors allow. */
  readonly connectionsMax: number | undefined;
  /** The time from the stop signal until the service stops accepting connections. */
  readonly drainDelayMs: number;
  /** The paths of certificate and key; empty: TLS is off. */
  readonly tlsCert: string;
  readonly tlsKey: string;
  /** The number of turns that a new cluster starts after: 0, or a random number. */
  readonly turnPhase: "0" | "random";
  /** The directory of the embedded database and of the snapshot. */
  readonly dataDirectory: string;
  /** The aggregator that gets measurements; undefined: none. */
  readonly metricsTo: HostPort | undefined;
  /** The token for the metrics and the page; empty: they need none. A secret. */
  readonly metricsToken: string;
  /** Whether loopback and link-local addresses may be probed. */
  readonly probePrivate: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface BalancerConfig extends Omit<Flags, "tlsCert" | "tlsKey"> {
  /** Undefined: TLS is off. */
  readonly certificateFiles: CertificateFiles | undefined;
  /** Empty: the embedded database. May hold a password. */
  readonly databaseUrl: string;
  /** The value of ADMIN_TOKENS. Holds secrets. */
  readonly adminTokens: string;
  /** The first route of a new database; undefined: none. */
  readonly firstRoute: FirstRoute | undefined;
}

/** Facts about the machine that some defaults depend on. */
export interface Facts {
  readonly cores: number;
  readonly stderrIsTerminal: boolean;
}

/** What the command line asks for. */
const VARIABLES_HELP = `Variables without a flag, because other users can read a command line:
  DATABASE_URL      postgres://USER:PASSWORD@HOST:PORT/DATABASE
      empty: an embedded PostgreSQL below --data
  ADMIN_TOKENS      NAME:TOKEN,...
      who may use the admin API; empty: nobody. NAME:TOKEN:health may only read and report health
  DATABASE_URL_FILE, ADMIN_TOKENS_FILE
      a file that holds the value, such as a Docker secret
Variables for the first route of a new database:
  CDN_HOST          cdn.example.net
  ORIGIN_CLUSTER    origin-cluster
  CDN_TO_ORIGIN     9:1`;

/**
 * Reads the configuration from the command line, the environment and `.env`, in that order of precedence.
 *
 * @param readText reads the file of a secret
 * @throws {UsageError} A setting is invalid. The message is one line that names the setting, its value and
 * what to give instead.
 */
export function parseConfig(
  args: readonly string[],
  env: Lookup,
  dotEnv: Lookup,
  facts: Facts,
  readText?: (path: string) => string,
): StartRequest<BalancerConfig> {
  const table = balancerFlags(facts);
  const help = () => `${helpText("deno task balancer", table)}\n${VARIABLES_HELP}`;
  const variable = (name: string) => env(name) || dotEnv(name) || "";
  return startRequest(
    parseFlags(args, table, env, dotEnv),
    help,
    ({ tlsCert, tlsKey, ...values }): BalancerConfig => ({
      ...values,
      certificateFiles: certificateFiles(tlsCert, tlsKey),
      databaseUrl: secret("DATABASE_URL", variable, readText),
      adminTokens: secret("ADMIN_TOKENS", variable, readText),
      firstRoute: parseFirstRoute(variable),
    }),
  );
}

/**
 * Every flag of the balancer, in the order of the help text, by the property of the configuration that it
 * sets.
 */
export function balancerFlags({ cores, stderrIsTerminal }: Facts) {
  return {
    listen: {
      flag: "listen",
      placeholder: "HOST:PORT",
      variable: "BALANCER_LISTEN",
      default: "0.0.0.0:8080",
      help: "address for viewers; IPv6 as [::]:8080, port 0 for any free one",
      parse: hostPort(),
    },
    admin: {
      flag: "admin",
      placeholder: "HOST:PORT",
      variable: "BALANCER_ADMIN",
      default: "127.0.0.1:8081",
      help: "address of the admin API, the metrics, the page, /healthz and /readyz",
      parse: hostPort(),
    },
    adminHosts: {
      flag: "admin-host",
      placeholder: "NAME,...",
      variable: "BALANCER_ADMIN_HOST",
      default: "",
      defaultShown: "none",
      help: "names that the admin API answers to, in addition to localhost and any IP address",
      parse: parseHostNames,
    },
    ...workerFlags("BALANCER", cores, "answer viewers"),
    ...connectionFlags,
    explainHeader: {
      flag: "explain-header",
      placeholder: "on|off",
      variable: "BALANCER_EXPLAIN_HEADER",
      default: "off",
      help: "whether a redirect names its destination and the reason in the header X-Sluice",
      parse: onOff,
    },
    turnPhase: {
      flag: "turn-phase",
      placeholder: "0|random",
      variable: "BALANCER_TURN_PHASE",
      default: "0",
      help: "turn that a cluster starts at; use random for many short-lived instances",
      parse: oneOf(["0", "random"]),
    },
    accessLog: {
      flag: "access-log",
      placeholder: "FILE|-",
      variable: "BALANCER_ACCESS_LOG",
      default: "",
      defaultShown: "off",
      help: "file for one line of JSON per request, reopened at SIGHUP; - is stdout",
      parse: path,
    },
    accessLogSample: {
      flag: "access-log-sample",
      placeholder: "PART",
      variable: "BALANCER_ACCESS_LOG_SAMPLE",
      default: "1",
      help: "fraction of requests in the access log, from 0 to 1, such as 0.01",
      parse: fraction,
    },
    dataDirectory: {
      flag: "data",
      placeholder: "DIR",
      variable: "BALANCER_DATA",
      default: "data/balancer",
      help: "directory of the embedded database and of the last known routes",
      parse: directoryPath,
    },
    metricsToken: {
      flag: "metrics-token",
      placeholder: "TOKEN",
      variable: "BALANCER_METRICS_TOKEN",
      default: "",
      defaultShown: "none asked for",
      help:
        "token that /metrics and the page require; use the variable, since others can read a command line",
      parse: (text: string) => text,
    },
    metricsTo: {
      flag: "metrics-to",
      placeholder: "HOST:PORT",
      variable: "BALANCER_METRICS_TO",
      default: "",
      defaultShown: "none sent",
      help: "address of an aggregator that gets request counts and latencies, over UDP",
      parse: aggregatorAddress,
    },
    probePrivate: {
      flag: "probe-private",
      placeholder: "on|off",
      variable: "BALANCER_PROBE_PRIVATE",
      default: "off",
      help: "whether checks may probe loopback and link-local addresses",
      parse: onOff,
    },
    ...logFlags("BALANCER", stderrIsTerminal),
  } satisfies { [Key in keyof Flags]: FlagSpec<Flags[Key]> };
}
