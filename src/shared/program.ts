/**
 * What every program of the project does the same way: it reads its settings, runs, and exits with a code that says
 * how it went.
 *
 * @module
 */
import denoJson from "../../deno.json" with { type: "json" };
import { UsageError } from "./flags/flags.ts";
import type { StartRequest } from "./flags/start_request.ts";
import { createLog, type Log, type LogFormat, type LogLevel } from "./log.ts";
import { writeStderr } from "./process/process.ts";
import { messageOf } from "./error_message.ts";

/** The version of the project. */
export const VERSION: string = denoJson.version;

/** The exit code when a flag or a value is wrong. */
const EXIT_USAGE = 2;
/** The exit code of every other failure. */
const EXIT_FAILED = 1;

/** How the one line that tells an error looks. */
export interface ErrorLine {
  /** What the line begins with; `error` if left out. */
  readonly prefix?: string;
  /** What the line ends with, beside the error's own message. */
  readonly advise?: (error: unknown) => string;
}

/**
 * Parses the settings, then prints the help or the version, or runs the program. An error becomes one line on stderr.
 *
 * @param run returns the exit code; nothing stands for 0
 * @returns the exit code: 2 when a flag or a value is wrong, 1 when `run` throws.
 */
export async function runProgram<Config>(
  parse: () => StartRequest<Config>,
  run: (config: Config) => Promise<number | void>,
  { prefix = "error", advise = () => "" }: ErrorLine = {},
): Promise<number> {
  try {
    const request = parse();
    if (request.kind === "run") return await run(request.config) ?? 0;
    console.log(request.kind === "help" ? request.text : VERSION);
    return 0;
  } catch (error) {
    writeStderr(`${prefix}: ${messageOf(error)}${advise(error)}`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

/** The log of a service: lines on stderr, in the form and from the level that its settings ask for. */
export function openLog({ logLevel: level, logFormat: format }: {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}): Log {
  return createLog({ level, format, write: writeStderr, now: () => new Date() });
}

/** Calls back at every SIGINT and SIGTERM, which then no longer end the process by themselves. */
export function onStopSignal(callback: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, callback);
}
