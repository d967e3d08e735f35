import {
  type FlagSpec,
  helpText,
  type HostPort,
  hostPort,
  integer,
  type Lookup,
  parseFlags,
  UsageError,
} from "../shared/flags/flags.ts";
import type { LogFormat, LogLevel } from "../shared/log.ts";
import { logFlags } from "../shared/flags/log_flags.ts";
import { secret } from "../shared/flags/secrets.ts";

/** New lines are announced by the system; where that fails in silence, as on a network's disk, a look finds them. */
export const LOOK_MS = 1000;
/** Between two looks where nothing is announced: a new line is to be seen within 100 ms. */
export const LOOK_UNWATCHED_MS = 100;
/** Between two attempts while the database does not answer. */
export const RETRY_MS = 250;
/** Between two sums of what has come; the view reads the records themselves until then. */
export const ROLL_MS = 1000;
/** Between two looks for days to drop. */
export const EXPIRE_MS = 3_600_000;
/** One line of totals in the log a minute, and one of rejected lines. */
export const TOTALS_MS = 60_000;
/** The longest that the database may take for a batch, in its careful way. */
export const ANSWER_MS = 20_000;
/** Some 40,000 records: half as much ships a tenth slower, twice as much takes 200 MB more. */
export const READ_BYTES = 4 * 1024 * 1024;
/** From the signal to the exit; supervisors kill after 10 s and more. */
export const STOP_DEADLINE_MS = 5000;

/** A hundred years. */
const KEEP_DAYS_MAX = 36_525;
const NAME_CHARS_MAX = 100;
const LABELS_MAX = 32;

interface Flags {
  readonly file: string;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined: for ever. */
  readonly keepDays: number | undefined;
  /** Where metrics are served; undefined: nowhere. */
  readonly admin: HostPort | undefined;
  /** The directory of the embedded database. */
  readonly dataDirectory: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface ShipperConfig extends Flags {
  /** Empty: the embedded database. May hold a password. */
  readonly databaseUrl: string;
}

/** What the defaults depend on. */
export interface Facts {
  /** Undefined where the permission to know it is missing. */
  readonly hostname: string | undefined;
  readonly stderrIsTerminal: boolean;
}

export type StartRequest =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly config: ShipperConfig };

export const VARIABLES_HELP = `Variables without a flag, since others could read it:
  DATABASE_URL      postgres://USER:PASSWORD@HOST:PORT/DATABASE
      empty: an embedded PostgreSQL below --data
  DATABASE_URL_FILE
      a file that holds it, such as a secret of Docker`;

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
  const table = shipperFlags(facts);
  const parsed = parseFlags(args, table, env, dotEnv);
  if (parsed.kind === "version") return { kind: "version" };
  if (parsed.kind === "help") {
    return { kind: "help", text: `${helpText("deno task ship", table)}\n${VARIABLES_HELP}` };
  }
  if (parsed.values.instance === "") {
    throw new UsageError("The host's name is not to be had: name this instance with --instance NAME");
  }
  const variable = (name: string) => env(name) || dotEnv(name) || "";
  return {
    kind: "run",
    config: { ...parsed.values, databaseUrl: secret("DATABASE_URL", variable, readText) },
  };
}

/** Every flag of the shipper, in the order of the help, by the property of the configuration it sets. */
export function shipperFlags({ hostname, stderrIsTerminal }: Facts) {
  return {
    file: {
      flag: "file",
      placeholder: "FILE",
      variable: "SLUICE_SHIP_FILE",
      default: "data/metrics.jsonl",
      help: "file that an aggregator writes its records to",
      parse: parseFile,
    },
    instance: {
      flag: "instance",
      placeholder: "NAME",
      variable: "SLUICE_SHIP_INSTANCE",
      default: hostname ?? "",
      defaultShown: "the host's name",
      help: "name of that aggregator, which no other one of the fleet has",
      parse: parseInstance,
    },
    labels: {
      flag: "labels",
      placeholder: "NAME=VALUE,...",
      variable: "SLUICE_SHIP_LABELS",
      default: "",
      defaultShown: "none",
      help: "what is to be known of the instance, such as region=eu",
      parse: parseLabels,
    },
    keepDays: {
      flag: "keep",
      placeholder: "DAYS",
      variable: "SLUICE_SHIP_KEEP",
      default: "off",
      help:
        "how long the fleet's records are kept, such as 90d; one shipper of the fleet drops the days before",
      parse: parseKeep,
    },
    admin: {
      flag: "admin",
      placeholder: "HOST:PORT",
      variable: "SLUICE_SHIP_ADMIN",
      default: "off",
      help: "address of /metrics, /healthz and /readyz, or off",
      parse: parseAdmin,
    },
    dataDirectory: {
      flag: "data",
      placeholder: "DIR",
      variable: "SLUICE_SHIP_DATA",
      default: "data/fleet",
      help: "directory of the embedded database, where there is no DATABASE_URL",
      parse: parseDirectory,
    },
    ...logFlags("SLUICE_SHIP", stderrIsTerminal),
  } satisfies { [Key in keyof Flags]: FlagSpec<Flags[Key]> };
}

function parseFile(text: string): string {
  if (text.includes("\0")) throw new SyntaxError("give a path without NUL");
  if (/(^|\/)\.{0,2}$/.test(text)) throw new SyntaxError("give the path of a file, not of a directory");
  return text;
}

function parseInstance(text: string): string {
  if (/\p{C}/u.test(text)) throw new SyntaxError("give a name of printable characters");
  if (text.length > NAME_CHARS_MAX) {
    throw new RangeError(`give a name of at most ${NAME_CHARS_MAX} characters`);
  }
  return text;
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const part of text === "" ? [] : text.split(",")) {
    const [, name, value] = /^([a-zA-Z_][a-zA-Z0-9_]{0,62})=([^\p{C}]{0,100})$/u.exec(part) ?? [];
    if (name === undefined) {
      throw new SyntaxError("give NAME=VALUE, several with commas, such as region=eu,rack=7");
    }
    if (Object.hasOwn(labels, name)) throw new RangeError(`${name} is there twice: give it once`);
    labels[name] = value!;
  }
  if (Object.keys(labels).length > LABELS_MAX) throw new RangeError(`give at most ${LABELS_MAX} labels`);
  return labels;
}

const days = integer(1, KEEP_DAYS_MAX, "days");

function parseKeep(text: string): number | undefined {
  if (text === "off") return undefined;
  if (!text.endsWith("d")) throw new SyntaxError("give days, such as 90d, or off");
  return days(text.slice(0, -1));
}

const address = hostPort();

function parseAdmin(text: string): HostPort | undefined {
  return text === "off" ? undefined : address(text);
}

function parseDirectory(text: string): string {
  if (text.includes("\0")) throw new SyntaxError("give a path without NUL");
  return text.replace(/(?<=.)\/+$/, "");
}
