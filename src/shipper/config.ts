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
import { type StartRequest, startRequest } from "../shared/flags/start_request.ts";
import { directoryPath, filePath } from "../shared/flags/values.ts";

/**
 * Interval between two scans of the directory. Usually inotify starts a pass at once; the scan finds what
 * inotify misses without an error, such as changes on a network file system.
 */
export const LOOK_MS = 1000;
/** Interval between two scans while the directory can't be watched: a new line is found within 100 ms. */
export const LOOK_UNWATCHED_MS = 100;
/** Pause between two attempts while the database does not answer. */
export const RETRY_MS = 250;
/** Shortest interval between two runs of `sluice.roll()`. Until a run, the view reads the records. */
export const ROLL_MS = 1000;
/** Interval between two searches for days to drop (`--keep`). */
export const EXPIRE_MS = 3_600_000;
/** Interval of the log's `totals`, and the shortest one between two `rejected`. */
export const TOTALS_MS = 60_000;
/** Deadline for one statement. The slowest statement is a batch on the slow path, `sluice.add_records`. */
export const ANSWER_MS = 20_000;
/**
 * Bytes that are read for one batch: about 40,000 records. Measured once: half as many bytes make shipping a
 * tenth slower, twice as many take 200 MB more memory.
 */
export const READ_BYTES = 4 * 1024 * 1024;
/** Deadline of the graceful shutdown, from the signal to the exit. Supervisors kill after 10 s or more. */
export const STOP_DEADLINE_MS = 5000;

/** A hundred years, in days. */
const KEEP_DAYS_MAX = 36_525;
const NAME_CHARS_MAX = 100;
const LABELS_MAX = 32;

interface Flags {
  readonly file: string;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Days of records to keep; undefined: all. */
  readonly keepDays: number | undefined;
  /** Address of the admin port; undefined: none. */
  readonly admin: HostPort | undefined;
  /** The directory of the embedded database. */
  readonly dataDirectory: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface ShipperConfig extends Flags {
  /** Empty: use the embedded database. May contain a password: never log it. */
  readonly databaseUrl: string;
}

/** What the defaults of some flags depend on. */
export interface Facts {
  /** Undefined without the permission `--allow-sys=hostname`. */
  readonly hostname: string | undefined;
  readonly stderrIsTerminal: boolean;
}

export const VARIABLES_HELP = `Variables without a flag, because other users can read command lines:
  DATABASE_URL      postgres://USER:PASSWORD@HOST:PORT/DATABASE
      empty: an embedded PostgreSQL below --data
  DATABASE_URL_FILE
      a file that contains the URL, such as a Docker secret`;

/**
 * Parses the command line, the environment and `.env`. The first of the three that sets a value wins.
 *
 * @param readText reads the file that `DATABASE_URL_FILE` names
 * @throws {UsageError} A setting is wrong; the message is one line that says what to give instead.
 */
export function parseConfig(
  args: readonly string[],
  env: Lookup,
  dotEnv: Lookup,
  facts: Facts,
  readText?: (path: string) => string,
): StartRequest<ShipperConfig> {
  const table = shipperFlags(facts);
  const help = () => `${helpText("deno task ship", table)}\n${VARIABLES_HELP}`;
  const variable = (name: string) => env(name) || dotEnv(name) || "";
  return startRequest(parseFlags(args, table, env, dotEnv), help, (values) => {
    if (values.instance === "") throw new UsageError("Cannot read the host's name: give --instance NAME");
    return { ...values, databaseUrl: secret("DATABASE_URL", variable, readText) };
  });
}

/** Returns the flags in the order of `--help`, keyed by the property of the configuration that each sets. */
export function shipperFlags({ hostname, stderrIsTerminal }: Facts) {
  return {
    file: {
      flag: "file",
      placeholder: "FILE",
      variable: "SLUICE_SHIP_FILE",
      default: "data/metrics.jsonl",
      help: "file that the aggregator writes its records to (its --out)",
      parse: filePath,
    },
    instance: {
      flag: "instance",
      placeholder: "NAME",
      variable: "SLUICE_SHIP_INSTANCE",
      default: hostname ?? "",
      defaultShown: "the host's name",
      help: "name of this aggregator, unique in the fleet",
      parse: parseInstance,
    },
    labels: {
      flag: "labels",
      placeholder: "NAME=VALUE,...",
      variable: "SLUICE_SHIP_LABELS",
      default: "",
      defaultShown: "none",
      help: "labels to store with the instance, such as region=eu,rack=7",
      parse: parseLabels,
    },
    keepDays: {
      flag: "keep",
      placeholder: "DAYS",
      variable: "SLUICE_SHIP_KEEP",
      default: "off",
      help: "days of records to keep, such as 90d; older days are dropped for the whole fleet",
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
      help: "directory of the embedded database, which is used without DATABASE_URL",
      parse: directoryPath,
    },
    ...logFlags("SLUICE_SHIP", stderrIsTerminal),
  } satisfies { [Key in keyof Flags]: FlagSpec<Flags[Key]> };
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
    if (Object.hasOwn(labels, name)) throw new RangeError(`${name} is given twice: give it once`);
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
