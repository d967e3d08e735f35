import { type FlagSpec, helpText, integer, type Lookup, oneOf, parseFlags } from "../shared/flags/flags.ts";
import { secret } from "../shared/flags/secrets.ts";

/** Between two looks of one that follows. */
export const LOOK_MS = 500;
/** How far back one that follows looks for what has changed. */
export const CHANGES_SECONDS = 3600;
/** As far back as the newest windows are looked for. */
export const RECENT_SECONDS = 86_400;

const FORMATS = ["table", "json"] as const;

interface Flags {
  /** Of every length, if undefined. */
  readonly windowSeconds: number | undefined;
  readonly limit: number;
  readonly format: (typeof FORMATS)[number];
  readonly follow: boolean;
  readonly waitSeconds: number;
  readonly dataDirectory: string;
}

export interface FleetConfig extends Flags {
  /** Empty: the embedded database. */
  readonly databaseUrl: string;
}

export type StartRequest =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly config: FleetConfig };

const VARIABLES_HELP = `Variables without a flag, since others could read it:
  DATABASE_URL, DATABASE_URL_FILE
      as of deno task ship; empty: the embedded PostgreSQL below --data, which no shipper may have open`;

/** @throws {UsageError} one line that names the setting, the value and what to give instead. */
export function parseConfig(
  args: readonly string[],
  env: Lookup,
  dotEnv: Lookup,
  stdoutIsTerminal: boolean,
  readText?: (path: string) => string,
): StartRequest {
  const table = fleetFlags(stdoutIsTerminal);
  // It stands alone on most command lines.
  const spelled = args.map((arg, index) =>
    arg === "--follow" && !/^(yes|no)$/.test(args[index + 1] ?? "") ? "--follow=yes" : arg
  );
  const parsed = parseFlags(spelled, table, env, dotEnv);
  if (parsed.kind === "version") return { kind: "version" };
  if (parsed.kind === "help") {
    return { kind: "help", text: `${helpText("deno task fleet", table)}\n${VARIABLES_HELP}` };
  }
  const variable = (name: string) => env(name) || dotEnv(name) || "";
  return {
    kind: "run",
    config: { ...parsed.values, databaseUrl: secret("DATABASE_URL", variable, readText) },
  };
}

/** Every flag, in the order of the help, by the property of the configuration it sets. */
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
      help: "how many of the newest windows of the last day to show",
      parse: integer(1, 100_000),
    },
    format: {
      flag: "format",
      placeholder: "table|json",
      variable: "SLUICE_FLEET_FORMAT",
      default: stdoutIsTerminal ? "table" : "json",
      defaultShown: "table on a terminal",
      help: "a table, or lines as in the file of an aggregator; json by default when that is no terminal",
      parse: oneOf(FORMATS),
    },
    follow: {
      flag: "follow",
      placeholder: "yes|no",
      variable: "SLUICE_FLEET_FOLLOW",
      default: "no",
      help: "go on with what comes, and with what changes, in lines of JSON; yes may be left out",
      parse: (text: string) => yesNo(text) === "yes",
    },
    waitSeconds: {
      flag: "wait",
      placeholder: "SECONDS",
      variable: "SLUICE_FLEET_WAIT",
      default: "5",
      help: "how long one that follows waits for the last instance of a window before it shows it without",
      parse: integer(0, 86_400),
    },
    dataDirectory: {
      flag: "data",
      placeholder: "DIR",
      variable: "SLUICE_FLEET_DATA",
      default: "data/fleet",
      help: "directory of the embedded database, where there is no DATABASE_URL",
      parse: parseDirectory,
    },
  } satisfies { [Key in keyof Flags]: FlagSpec<Flags[Key]> };
}

const seconds = integer(1, 86_400, "seconds");

function parseType(text: string): number | undefined {
  if (text === "all") return undefined;
  if (!text.endsWith("s")) throw new SyntaxError("give a length such as 10s, or all");
  return seconds(text.slice(0, -1));
}

function parseDirectory(text: string): string {
  if (text.includes("\0")) throw new SyntaxError("give a path without NUL");
  return text.replace(/(?<=.)\/+$/, "");
}
