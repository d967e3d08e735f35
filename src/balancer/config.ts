import {
  type FlagSpec,
  helpText,
  type HostPort,
  hostPort,
  integer,
  type Lookup,
  parseFlags,
  UsageError,
} from "../shared/flags.ts";
import type { LogFormat, LogLevel } from "../shared/log.ts";
import { logFlags } from "../shared/log_flags.ts";
import { parseRatio, routeProblems, type RouteSettings } from "./route_settings.ts";

/** From the signal to the exit: what is in flight then is cut off. */
export const STOP_DEADLINE_MS = 10_000;
/** A worker is a thread and a V8 isolate of some 10 MB: more than this is a slip of the finger. */
export const WORKERS_MAX = 64;

/** What flags, or variables of the same meaning, set. */
interface Flags {
  readonly listen: HostPort;
  /** Where the admin API listens. */
  readonly admin: HostPort;
  readonly workers: number;
  /** The directory of the embedded database and of the snapshot. */
  readonly dataDirectory: string;
  /** Where the metrics go; undefined: nowhere. */
  readonly metricsTo: HostPort | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface BalancerConfig extends Flags {
  /** Empty: the embedded database. May hold a password. */
  readonly databaseUrl: string;
  /** As in the environment; holds secrets. */
  readonly adminTokens: string;
  /** The route that a database begins with which never had one. */
  readonly firstRoute: (RouteSettings & { readonly cluster: string }) | undefined;
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
      who may use the admin API; empty: nobody
Variables for the first route of a new database:
  CDN_HOST          cdn.example.net
  ORIGIN_CLUSTER    origin-cluster
  CDN_TO_ORIGIN     9:1`;

/**
 * What the command line, the environment and `.env` ask for, in that order of precedence.
 *
 * @throws {UsageError} one line that names the setting, the value and what to give instead.
 */
export function parseConfig(
  args: readonly string[],
  env: Lookup,
  dotEnv: Lookup,
  facts: Facts,
): StartRequest {
  const table = balancerFlags(facts);
  const parsed = parseFlags(args, table, env, dotEnv);
  if (parsed.kind === "version") return { kind: "version" };
  if (parsed.kind === "help") {
    return { kind: "help", text: `${helpText("deno task balancer", table)}\n${VARIABLES_HELP}` };
  }
  const variable = (name: string) => env(name) || dotEnv(name) || "";
  return {
    kind: "run",
    config: {
      ...parsed.values,
      databaseUrl: variable("DATABASE_URL"),
      adminTokens: variable("ADMIN_TOKENS"),
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
      help: "address of the admin API, and of /healthz and /readyz",
      parse: hostPort(),
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
    dataDirectory: {
      flag: "data",
      placeholder: "DIR",
      variable: "BALANCER_DATA",
      default: "data/balancer",
      help: "directory of the embedded database, and of the last routes known",
      parse: parseDirectory,
    },
    metricsTo: {
      flag: "metrics-to",
      placeholder: "HOST:PORT",
      variable: "BALANCER_METRICS_TO",
      default: "",
      defaultShown: "none sent",
      help: "address of an aggregator that counts the requests, over UDP",
      parse: parseMetricsTo,
    },
    ...logFlags("BALANCER", stderrIsTerminal),
  } satisfies { [Key in keyof Flags]: FlagSpec<Flags[Key]> };
}

function parseDirectory(text: string): string {
  if (text.includes("\0")) throw new SyntaxError("give a path without NUL");
  return text.replace(/(?<=.)\/+$/, "");
}

const parseAddress = hostPort(1);

/** An aggregator may also be named: in a network of containers its name is all that is known of it. */
function parseMetricsTo(text: string): HostPort | undefined {
  if (text === "") return undefined;
  const [, name, port] = /^([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*):([0-9]+)$/i.exec(text) ?? [];
  if (name === undefined || name === "localhost") return parseAddress(text);
  return { hostname: name, port: parseAddress(`127.0.0.1:${port}`).port };
}

function parseFirstRoute(variable: (name: string) => string): BalancerConfig["firstRoute"] {
  const values = { cluster: "ORIGIN_CLUSTER", cdnHost: "CDN_HOST", ratio: "CDN_TO_ORIGIN" } as const;
  const [cluster, cdnHost] = [variable(values.cluster), variable(values.cdnHost)];
  if (!cluster && !cdnHost) return undefined;
  if (!cluster || !cdnHost) {
    const [missing, given] = cluster ? ["CDN_HOST", "ORIGIN_CLUSTER"] : ["ORIGIN_CLUSTER", "CDN_HOST"];
    throw new UsageError(`${given} is set without ${missing}: set both to make the first route, or neither`);
  }
  const refuse = (name: string, message: string): never => {
    throw new UsageError(`Cannot use ${JSON.stringify(variable(name))} for ${name}: ${message}`);
  };
  let weights: ReturnType<typeof parseRatio>;
  try {
    weights = parseRatio(variable(values.ratio) || "9:1");
  } catch (error) {
    return refuse(values.ratio, (error as Error).message);
  }
  const route = { cluster, cdnHost, ...weights, originPort: null };
  const [problem] = routeProblems(cluster, route);
  if (problem) refuse(problem.field === "cluster" ? values.cluster : values.cdnHost, problem.message);
  return route;
}
