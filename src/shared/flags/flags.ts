import { parseArgs, parseEnv } from "node:util";
import type { HostPort } from "../address.ts";
import { toJson } from "../log.ts";
import { messageOf } from "../error_message.ts";

export type { HostPort };

/** A setting: a flag, and the environment variable that sets the same value. */
export interface FlagSpec<T> {
  /** The flag without its dashes: `max-datagram`. */
  readonly flag: string;
  /** The name of the value in the help: `BYTES`. */
  readonly placeholder: string;
  /** The environment variable. */
  readonly variable?: string;
  /** The default, as text. Only a default may be the empty string: an empty variable counts as not set. */
  readonly default: string;
  /** Shown by the help in place of the default, for a default that depends on the machine. */
  readonly defaultShown?: string;
  /** Whether the flag may be given several times. Its values are then joined by commas. */
  readonly isList?: true;
  /** The help text, one line. */
  readonly help: string;
  /** @throws {RangeError | SyntaxError} The value is wrong; the message says what to give instead. */
  readonly parse: (text: string) => T;
}

/** Flags, by the name of the property that holds the value. */
export type FlagTable = Readonly<Record<string, FlagSpec<unknown>>>;
export type FlagValues<Table extends FlagTable> = { [Key in keyof Table]: ReturnType<Table[Key]["parse"]> };

/** Returns the value of a variable. Undefined and the empty string both mean that it is not set. */
export type Lookup = (variable: string) => string | undefined;

/** A flag or a value is wrong, on the command line, in the environment or in `.env`. The message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export type ParsedFlags<Table extends FlagTable> =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly values: FlagValues<Table> };

/**
 * Returns the value of every flag in the table. The command line takes precedence over the environment, the
 * environment over `.env`, and `.env` over the default. `--help` and `--version` take precedence over everything, even
 * over wrong flags.
 *
 * @throws {UsageError} A flag is unknown, or a value is wrong.
 */
export function parseFlags<Table extends FlagTable>(
  args: readonly string[],
  table: Table,
  env: Lookup,
  dotEnv: Lookup,
): ParsedFlags<Table> {
  const tokens = tokenize(args, table);
  for (const kind of ["help", "version"] as const) {
    if (tokens.some((token) => token.kind === "option" && token.name === kind && token.value === undefined)) {
      return { kind };
    }
  }
  const given = collect(tokens, table);
  const entries = Object.entries(table).map(([key, spec]) => {
    const [text, source] = find(spec, given, env, dotEnv);
    return [key, parseValue(spec, text, source)];
  });
  return { kind: "run", values: Object.fromEntries(entries) as FlagValues<Table> };
}

function tokenize(args: readonly string[], table: FlagTable) {
  const switches = { help: { type: "boolean" }, version: { type: "boolean" } } as const;
  const flags = Object.values(table).map(({ flag }) => [flag, { type: "string" as const }]);
  // Strict mode would throw its own message of several lines. The tokens allow a better one.
  return parseArgs({
    args: [...args],
    options: { ...Object.fromEntries(flags), ...switches },
    strict: false,
    tokens: true,
  }).tokens;
}

function collect(tokens: ReturnType<typeof tokenize>, table: FlagTable): Map<string, string> {
  const placeholders = new Map(Object.values(table).map(({ flag, placeholder }) => [flag, placeholder]));
  const lists = new Set(Object.values(table).filter(({ isList }) => isList).map(({ flag }) => flag));
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind !== "option") {
      const argument = token.kind === "positional" ? token.value : "--";
      throw new UsageError(`Unexpected argument ${quote(argument)}: give flags only, each with its value`);
    }
    const { name, rawName, value, inlineValue } = token;
    if (name === "help" || name === "version") throw new UsageError(`${rawName} takes no value`);
    const placeholder = placeholders.get(name);
    if (placeholder === undefined) {
      const near = nearest(name, [...placeholders.keys(), "help", "version"]);
      throw new UsageError(
        `Unknown flag ${quote(rawName)}: ${near ? `did you mean --${near}?` : "--help lists the flags"}`,
      );
    }
    const before = given.get(name);
    if (before !== undefined && !lists.has(name)) {
      throw new UsageError(`${rawName} is given twice: give it once`);
    }
    if (!value) throw new UsageError(`${rawName} has no value: give ${rawName} ${placeholder}`);
    if (!inlineValue && /^-./.test(value)) {
      throw new UsageError(
        `${rawName} has no value before ${quote(value)}: give ${rawName} ${placeholder}, ` +
          `or ${rawName}=VALUE if the value begins with a dash`,
      );
    }
    given.set(name, before === undefined ? value : `${before},${value}`);
  }
  return given;
}

function find(
  spec: FlagSpec<unknown>,
  given: ReadonlyMap<string, string>,
  env: Lookup,
  dotEnv: Lookup,
): [text: string, source: string] {
  const { flag, variable } = spec;
  const fromArgs = given.get(flag);
  if (fromArgs) return [fromArgs, `--${flag}`];
  const fromEnv = variable && env(variable);
  if (fromEnv) return [fromEnv, variable];
  const fromDotEnv = variable && dotEnv(variable);
  if (fromDotEnv) return [fromDotEnv, `${variable} in .env`];
  return [spec.default, `the default of --${flag}`];
}

function parseValue(spec: FlagSpec<unknown>, text: string, source: string): unknown {
  try {
    return spec.parse(text);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
    throw new UsageError(`Cannot use ${quote(text)} for ${source}: ${error.message}`, { cause: error });
  }
}

/** Quotes a user's input, shortened so that the error stays readable in one line. */
function quote(text: string): string {
  const charsMax = 60;
  return toJson(text.length > charsMax ? `${text.slice(0, charsMax)}…` : text);
}

/** Returns the flag that begins with `name`, else the most similar flag, if at most one in three characters differs. */
function nearest(name: string, flags: readonly string[]): string | undefined {
  const begun = flags.find((flag) => flag.startsWith(name));
  if (begun) return begun;
  const editsMax = Math.max(1, Math.floor(name.length / 3));
  return flags
    .map((flag) => ({ flag, edits: editDistance(name, flag) }))
    .filter(({ edits }) => edits <= editsMax)
    .sort((one, other) => one.edits - other.edits)[0]?.flag;
}

/** Returns the Levenshtein distance: how many insertions, deletions and substitutions turn `from` into `to`. */
function editDistance(from: string, to: string): number {
  // Too different: skip the table, because an argument can be megabytes long.
  if (Math.abs(from.length - to.length) > to.length) return Infinity;
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, char] of [...from].entries()) {
    const next = [line + 1];
    for (let column = 0; column < to.length; column++) {
      const substituted = row[column]! + (char === to[column] ? 0 : 1);
      next.push(Math.min(substituted, row[column + 1]! + 1, next[column]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

/**
 * Returns a parser for a decimal integer from `min` to `max`, both safe integers. It refuses other notations (`1e3`,
 * `0x10`, `5.0`, `007`, `+5`), because they are often mistakes.
 */
export function integer(min: number, max: number, noun = "an integer"): (text: string) => number {
  return (text) => {
    const expected = `give ${noun} from ${min} to ${max}`;
    if (!/^(0|-?[1-9][0-9]*)$/.test(text)) throw new SyntaxError(expected);
    const value = Number(text);
    if (value < min || value > max) throw new RangeError(expected);
    return value;
  };
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw new RangeError(`give one of ${choices.join(", ")}`);
    return choice;
  };
}

/**
 * Returns a parser for `127.0.0.1:9999`, `[::1]:9999` or `localhost:9999`, which means 127.0.0.1. It refuses other
 * names: resolving a name takes a permission and time, and may give another address tomorrow.
 *
 * @param portMin 1 for an address to send to, where port 0 (any free port) makes no sense
 */
export function hostPort(portMin = 0): (text: string) => HostPort {
  const parsePort = integer(portMin, 65_535, "a port");
  return (text) => {
    const [, ipv6, name, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text) ?? [];
    if (port === undefined) throw new SyntaxError("give HOST:PORT, such as 127.0.0.1:9999 or [::1]:9999");
    const hostname = ipv6 === undefined ? ipv4(name!) : shortestIpv6(ipv6);
    if (hostname === undefined) {
      throw new SyntaxError("give an IP address, such as 127.0.0.1:9999 or [::1]:9999");
    }
    return { hostname, port: parsePort(port) };
  };
}

/** Whether the text is four decimal octets. A leading zero is refused, because some resolvers read it as octal. */
function ipv4(text: string): string | undefined {
  if (text === "localhost") return "127.0.0.1";
  const octets = text.split(".");
  const isOctet = (octet: string) => /^(0|[1-9][0-9]{0,2})$/.test(octet) && Number(octet) <= 255;
  return octets.length === 4 && octets.every(isOctet) ? text : undefined;
}

function shortestIpv6(text: string): string | undefined {
  // URL implements the grammar of RFC 4291 and is loaded already. Measured once: node:net adds 20 ms to every start.
  return /^[0-9a-f:.]+$/i.test(text) ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : undefined;
}

/**
 * Returns the help of a command such as `deno task start`. Each flag takes two lines: placeholder, variable and default
 * in columns, and the help text below.
 */
export function helpText(command: string, table: FlagTable): string {
  const rows = Object.values(table).map((spec) => ({
    flag: `--${spec.flag} ${spec.placeholder}`,
    variable: spec.variable ?? "",
    value: spec.defaultShown ?? spec.default,
    help: spec.help,
  }));
  const width = (key: "flag" | "variable") => 2 + Math.max(...rows.map((row) => row[key].length));
  const [flagWidth, variableWidth] = [width("flag"), width("variable")];
  return [
    `Usage: ${command} [--help] [--version] [FLAG VALUE]...`,
    ...rows.flatMap(({ flag, variable, value, help }) => [
      `  ${flag.padEnd(flagWidth)}${variable.padEnd(variableWidth)}${value}`.trimEnd(),
      `      ${help}`,
    ]),
  ].join("\n");
}

/**
 * Reads the variables of a file such as `.env`. Returns none if the file does not exist, or if the permission to read
 * it is missing: the operator decides which files the process may see.
 *
 * @throws {Error} The file exists and can't be read.
 */
export function readDotEnv(path: string, readText: (path: string) => string = Deno.readTextFileSync): Lookup {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return () => undefined;
    }
    const reason = messageOf(error);
    throw new Error(`Cannot read ${quote(path)}: ${reason}; mend the file or remove it`, { cause: error });
  }
  // Some editors begin a file with a byte order mark. parseEnv would make it part of the first name.
  const variables = new Map(Object.entries(parseEnv(text.replace(/^\uFEFF/, ""))));
  return (variable) => variables.get(variable);
}
