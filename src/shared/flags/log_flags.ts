import { type FlagSpec, oneOf } from "./flags.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "../log.ts";

/** Returns the flags of a service's log. `prefix` begins the variables: `SLUICE` gives `SLUICE_LOG_LEVEL`. */
export function logFlags(
  prefix: string,
  stderrIsTerminal: boolean,
): { logLevel: FlagSpec<LogLevel>; logFormat: FlagSpec<LogFormat> } {
  return {
    logLevel: {
      flag: "log-level",
      placeholder: "LEVEL",
      variable: `${prefix}_LOG_LEVEL`,
      default: "info",
      help: `least severe level to log: ${LOG_LEVELS.join(", ")}`,
      parse: oneOf(LOG_LEVELS),
    },
    logFormat: {
      flag: "log-format",
      placeholder: LOG_FORMATS.join("|"),
      variable: `${prefix}_LOG_FORMAT`,
      default: stderrIsTerminal ? "text" : "json",
      defaultShown: "text on a terminal",
      help: "format of the log on stderr; json by default if stderr is no terminal",
      parse: oneOf(LOG_FORMATS),
    },
  };
}
