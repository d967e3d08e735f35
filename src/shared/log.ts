export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export const LOG_FORMATS = ["text", "json"] as const;

export type LogLevel = typeof LOG_LEVELS[number];
export type LogFormat = typeof LOG_FORMATS[number];

/**
 * Writes one line.
 *
 * @param event a stable name in snake case, for programs
 * @param message a short phrase, for people
 * @param fields plain data: JSON values, bigints and Errors
 */
type Write = (event: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export type Log = { readonly [Level in LogLevel]: Write };

export interface LogOptions {
  /** The least severe level to write. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one line, without its newline. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

/**
 * Creates a log that writes exactly one line per event, whatever the message and the fields contain:
 *
 *     {"time":"2026-11-21T22:00:00.000Z","level":"info","event":"listening","message":"ready","workers":2}
 *     2026-11-21T22:00:00.000Z INFO  listening: ready workers=2
 *
 * In JSON, a field can't replace `time`, `level`, `event` or `message`. In text, the members of an object are
 * written one by one, such as `rejected.syntax=3`.
 */
export function createLog({ level, format, write, now }: LogOptions): Log {
  const render = format === "json" ? jsonLine : textLine;
  const writerOf = (of: LogLevel): Write => {
    if (LOG_LEVELS.indexOf(of) < LOG_LEVELS.indexOf(level)) return () => {};
    return (event, message, fields = {}) =>
      write(render({ time: now().toISOString(), level: of, event, message }, fields));
  };
  return {
    debug: writerOf("debug"),
    info: writerOf("info"),
    warn: writerOf("warn"),
    error: writerOf("error"),
  };
}

interface Head {
  time: string;
  level: LogLevel;
  event: string;
  message: string;
}

function jsonLine(head: Head, fields: Readonly<Record<string, unknown>>): string {
  // Spread twice: the first sets the order of the keys, the second their values.
  return toJson({ ...head, ...fields, ...head });
}

function textLine({ time, level, event, message }: Head, fields: Readonly<Record<string, unknown>>): string {
  const prose = `${time} ${level.toUpperCase().padEnd(5)} ${event}: ${message}`;
  return [escapeUnprintable(prose), ...Object.entries(fields).flatMap(([key, value]) => pairs(key, value))]
    .join(" ");
}

function pairs(key: string, value: unknown): string[] {
  if (value === undefined) return [];
  const members = isPlainObject(value) ? Object.entries(value) : [];
  if (members.length > 0) return members.flatMap(([name, member]) => pairs(`${key}.${name}`, member));
  return [`${bareOrQuoted(key)}=${typeof value === "string" ? bareOrQuoted(value) : toJson(value)}`];
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
}

/** Leaves a word, a path or an address as it is; quotes any other text as in JSON. */
function bareOrQuoted(text: string): string {
  return /^[\w/.:+[\]-]+$/.test(text) ? text : toJson(text);
}

/**
 * Encodes a value as JSON on one line of printable characters, so that it can neither forge a log line nor
 * control a terminal. An Error becomes its message. A bigint becomes a number if every reader of JSON reads
 * that number exactly, else a string of its digits.
 *
 * @throws {TypeError} The value contains a cycle.
 */
export function toJson(value: unknown): string {
  return escapeUnprintable(JSON.stringify(value, plain) ?? "null");
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.message || value.name;
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** Escapes controls (C0, DEL, C1), format characters (bidirectional overrides) and line separators. */
function escapeUnprintable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => char.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  );
}
