import {
  type FlagSpec,
  helpText,
  type HostPort,
  hostPort,
  integer,
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
import { aggregatorAddress, certificateFiles, directory, fraction, path } from "./flag_values.ts";
import type { LimitFlags } from "./front/limits.ts";
import { secret } from "../shared/flags/secrets.ts";

/** From the signal to the exit: what is in flight then is cut off. */
export const STOP_DEADLINE_MS = 10_000;
/** A worker is a thread and a V8 isolate of some 10 MB: more than this is a slip of the finger. */
export const WORKERS_MAX = 64;

/** What flags, or variables of the same meaning, set. */
interface Flags extends LimitFlags {
  readonly listen: HostPort;
  /** Where the admin API listens. */
  readonly admin: HostPort;
  /** The names that the admin API answers to. */
  readonly adminHosts: readonly string[];
  readonly workers: number;
  readonly spareWorkers: number;
  /** Whether redirects say why they lead where they do. */
  readonly explainHeader: boolean;
  /** A path, or `-` for stdout; empty: none. */
  readonly accessLog: string;
  /** The part of all requests that are in it, from 0 to 1. */
  readonly accessLogSample: number;
  /** Of the process; undefined: as many as there are descriptors for. */
  readonly connectionsMax: number | undefined;
  /** From the signal on, before connections are no longer accepted. */
  readonly drainDelayMs: number;
  /** Paths; empty: no TLS. */
  readonly tlsCert: string;
  readonly tlsKey: string;
  /** The turns that have been taken of a cluster when it begins: none, or a random number. */
  readonly turnPhase: "0" | "random";
  /** The directory of the embedded database and of the snapshot. */
  readonly dataDirectory: string;
  /** Where the metrics go; undefined: nowhere. */
  readonly metricsTo: HostPort | undefined;
  /** What those who watch have to send; empty: nothing. A secret. */
  readonly metricsToken: string;
  /** Whether addresses of this machine and of its link may be probed. */
  readonly probePrivate: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface BalancerConfig extends Omit<Flags, "tlsCert" | "tlsKey"> {
  /** Undefined: viewers come without TLS. */
  readonly certificateFiles: CertificateFiles | undefined;
  /** Empty: the embedded database. May hold a password. */
  readonly databaseUrl: string;
  /** As in the environment; holds secrets. */
  readonly adminTokens: string;
  /** The route that a database begins with which never had one. */
  readonly firstRoute: FirstRoute | undefined;
}

/** What the defaults depend on. */
export interface Facts {
  readonly cores: number;
  readonly stderrIsTerminal: boolean;
}

export type StartRequest =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly config: BalancerConfig };

const VARIABLES_HELP = `Variables without a flag, since others could read it:
  DATABASE_URL      postgres://USER:PASSWORD@HOST:PORT/DATABASE
      empty: an embedded PostgreSQL below --data
  ADMIN_TOKENS      NAME:TOKEN,...
      who may use the admin API; empty: nobody. NAME:TOKEN:health may only see and report health
  DATABASE_URL_FILE, ADMIN_TOKENS_FILE
      a file that holds the one or the other, such as a secret of Docker
Variables for the first route of a new database:
  CDN_HOST          cdn.example.net
  ORIGIN_CLUSTER    origin-cluster
  CDN_TO_ORIGIN     9:1`;

/**
 * What the command line, the environment and `.env` ask for, in that order of precedence.
 *
 * @param readText reads the file of a secret
 * @throws {UsageError} one line that names the setting, the value and what to give instead.
 */
export function parseConfig(
  args: readonly string[],
  env: Lookup,
  dotEnv: Lookup,
  facts: Facts,
  readText?: (path: string) => string,
): StartRequest {
  const table = balancerFlags(facts);
  const parsed = parseFlags(args, table, env, dotEnv);
  if (parsed.kind === "version") return { kind: "version" };
  if (parsed.kind === "help") {
    return { kind: "help", text: `${helpText("deno task balancer", table)}\n${VARIABLES_HELP}` };
  }
  const variable = (name: string) => env(name) || dotEnv(name) || "";
  const { tlsCert, tlsKey, ...values } = parsed.values;
  return {
    kind: "run",
    config: {
      ...values,
      certificateFiles: certificateFiles(tlsCert, tlsKey),
      databaseUrl: secret("DATABASE_URL", variable, readText),
      adminTokens: secret("ADMIN_TOKENS", variable, readText),
      firstRoute: parseFirstRoute(variable),
    },
  };
}

/** Every flag of the balancer, in the order of the help, by the property of the configuration it sets. */
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
      help: "names that the admin API answers to, beside localhost and any address",
      parse: parseHostNames,
    },
    workers: {
      flag: "workers",
      placeholder: "N",
      variable: "BALANCER_WORKERS",
      default: String(Math.min(Math.max(cores, 1), WORKERS_MAX)),
      defaultShown: "one per core",
      help: `threads that answer viewers, 1 to ${WORKERS_MAX}`,
      parse: integer(1, WORKERS_MAX),
    },
    spareWorkers: {
      flag: "spare-workers",
      placeholder: "N",
      variable: "BALANCER_SPARE_WORKERS",
      default: "1",
      help: `parked workers, each to replace one that dies, 0 to ${WORKERS_MAX}`,
      parse: integer(0, WORKERS_MAX),
    },
    ...connectionFlags,
    explainHeader: {
      flag: "explain-header",
      placeholder: "on|off",
      variable: "BALANCER_EXPLAIN_HEADER",
      default: "off",
      help: "whether a redirect says in X-Sluice which destination it names, and why",
      parse: (text: string) => oneOf(["on", "off"])(text) === "on",
    },
    turnPhase: {
      flag: "turn-phase",
      placeholder: "0|random",
      variable: "BALANCER_TURN_PHASE",
      default: "0",
      help: "the turn that a cluster begins at; random for many instances of short life",
      parse: oneOf(["0", "random"]),
    },
    accessLog: {
      flag: "access-log",
      placeholder: "FILE|-",
      variable: "BALANCER_ACCESS_LOG",
      default: "",
      defaultShown: "off",
      help: "file for a line of JSON a request, opened anew at SIGHUP; - is stdout",
      parse: path,
    },
    accessLogSample: {
      flag: "access-log-sample",
      placeholder: "PART",
      variable: "BALANCER_ACCESS_LOG_SAMPLE",
      default: "1",
      help: "part of all requests that are in it, from 0 to 1, such as 0.01",
      parse: fraction,
    },
    dataDirectory: {
      flag: "data",
      placeholder: "DIR",
      variable: "BALANCER_DATA",
      default: "data/balancer",
      help: "directory of the embedded database, and of the last routes known",
      parse: directory,
    },
    metricsToken: {
      flag: "metrics-token",
      placeholder: "TOKEN",
      variable: "BALANCER_METRICS_TOKEN",
      default: "",
      defaultShown: "none asked for",
      help: "token that /metrics and the page ask for; better set by the variable, which others can't read",
      parse: (text: string) => text,
    },
    metricsTo: {
      flag: "metrics-to",
      placeholder: "HOST:PORT",
      variable: "BALANCER_METRICS_TO",
      default: "",
      defaultShown: "none sent",
      help: "address of an aggregator that counts the requests, over UDP",
      parse: aggregatorAddress,
    },
    probePrivate: {
      flag: "probe-private",
      placeholder: "on|off",
      variable: "BALANCER_PROBE_PRIVATE",
      default: "off",
      help: "whether checks may go to loopback and link-local addresses",
      parse: (text: string) => oneOf(["on", "off"])(text) === "on",
    },
    ...logFlags("BALANCER", stderrIsTerminal),
  } satisfies { [Key in keyof Flags]: FlagSpec<Flags[Key]> };
}
