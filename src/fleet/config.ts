import { type FlagSpec, helpText, integer, type Lookup, oneOf, parseFlags } from "../shared/flags/flags.ts";
import { secret } from "../shared/flags/secrets.ts";
import { type StartRequest, startRequest } from "../shared/flags/start_request.ts";
import { directoryPath } from "../shared/flags/values.ts";

/** Interval between two queries with `--follow`. */
export const LOOK_MS = 500;
/** How far back `--follow` looks for windows that have changed. */
export const CHANGES_SECONDS = 3600;
/** How far back the newest windows are looked for without `--follow`. */
export const RECENT_SECONDS = 86_400;

const FORMATS = ["table", "json"] as const;

interface Flags {
  /** Undefined: windows of every length. */
  readonly windowSeconds: number | undefined;
  readonly limit: number;
  readonly format: (typeof FORMATS)[number];
  readonly follow: boolean;
  readonly waitSeconds: number;
  readonly dataDirectory: string;
}

export interface FleetConfig extends Flags {
  /** Empty: use the embedded database. May contain a password: never log it. */
  readonly databaseUrl: string;
}

const VARIABLES_HELP = `Variables without a flag, because other users can read command lines:
  DATABASE_URL, DATABASE_URL_FILE
      as for deno task ship; empty: the embedded PostgreSQL below --data, while no shipper has it open`;

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
  stdoutIsTerminal: boolean,
  readText?: (path: string) => string,
): StartRequest<FleetConfig> {
  const table = fleetFlags(stdoutIsTerminal);
  // A --follow without a value means yes.
  const spelled = args.map((arg, index) =>
    arg === "--follow" && !/^(yes|no)$/.test(args[index + 1] ?? "") ? "--follow=yes" : arg
  );
  const help = () => `${helpText("deno task fleet", table)}\n${VARIABLES_HELP}`;
  const variable = (name: string) => env(name) || dotEnv(name) || "";
  return startRequest(parseFlags(spelled, table, env, dotEnv), help, (values) => ({
    ...values,
    databaseUrl: secret("DATABASE_URL", variable, readText),
  }));
}

/** Returns the flags in the order of `--help`, keyed by the property of the configuration that each sets. */
export function fleetFlags(stdoutIsTerminal: boolean) {
  const yesNo = oneOf(["yes", "no"]);
  return {
    windowSeconds: {
      flag: "type",
      placeholder: "10s",
      variable: "SLUICE_FLEET_TYPE",
      default: "all",
      help: "length of the windows to show, or all",
      parse: parseType,
    },
    limit: {
      flag: "limit",
      placeholder: "N",
      variable: "SLUICE_FLEET_LIMIT",
      default: "20",
      help: "number of windows to show, the newest ones of the last day",
      parse: integer(1, 100_000),
    },
    format: {
      flag: "format",
      placeholder: "table|json",
      variable: "SLUICE_FLEET_FORMAT",
      default: stdoutIsTerminal ? "table" : "json",
      defaultShown: "table on a terminal",
      help: "a table, or lines of JSON as in an aggregator's file; json by default if stdout is no terminal",
      parse: oneOf(FORMATS),
    },
    follow: {
      flag: "follow",
      placeholder: "yes|no",
      variable: "SLUICE_FLEET_FOLLOW",
      default: "no",
      help: "keep printing new and changed windows as lines of JSON; --follow alone means yes",
      parse: (text: string) => yesNo(text) === "yes",
    },
    waitSeconds: {
      flag: "wait",
      placeholder: "SECONDS",
      variable: "SLUICE_FLEET_WAIT",
      default: "5",
      help: "with --follow: how long to wait for missing instances before a window is printed without them",
      parse: integer(0, 86_400),
    },
    dataDirectory: {
      flag: "data",
      placeholder: "DIR",
      variable: "SLUICE_FLEET_DATA",
      default: "data/fleet",
      help: "directory of the embedded database, which is used without DATABASE_URL",
      parse: directoryPath,
    },
  } satisfies { [Key in keyof Flags]: FlagSpec<Flags[Key]> };
}

const seconds = integer(1, 86_400, "seconds");

function parseType(text: string): number | undefined {
  if (text === "all") return undefined;
  if (!text.endsWith("s")) throw new SyntaxError("give a length such as 10s, or all");
  return seconds(text.slice(0, -1));
}
