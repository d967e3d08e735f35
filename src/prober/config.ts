import { secret } from "../shared/flags/secrets.ts";
import {
  type FlagSpec,
  helpText,
  type Lookup,
  oneOf,
  parseFlags,
  UsageError,
} from "../shared/flags/flags.ts";
import type { LogFormat, LogLevel } from "../shared/log.ts";
import { logFlags } from "../shared/flags/log_flags.ts";

interface Flags {
  /** The admin APIs that reports go to, without a slash at their end; the first that answers says what to probe. */
  readonly reportTo: readonly string[];
  /** Whether addresses of this machine and of its link may be probed. */
  readonly probePrivate: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface ProberConfig extends Flags {
  /** Of ADMIN_TOKENS there; secret. */
  readonly token: string;
}

export type StartRequest =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly config: ProberConfig };

const BALANCERS_MAX = 16;

const VARIABLES_HELP = `Variables without a flag, since others could read it:
  PROBE_TOKEN       the token of NAME:TOKEN:health in the balancer's ADMIN_TOKENS
  PROBE_TOKEN_FILE  a file that holds it`;

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
  stderrIsTerminal: boolean,
  readText?: (path: string) => string,
): StartRequest {
  const table = proberFlags(stderrIsTerminal);
  const parsed = parseFlags(args, table, env, dotEnv);
  if (parsed.kind === "version") return { kind: "version" };
  if (parsed.kind === "help") {
    return { kind: "help", text: `${helpText("deno task probe", table)}\n${VARIABLES_HELP}` };
  }
  const token = secret("PROBE_TOKEN", (name) => env(name) || dotEnv(name) || "", readText);
  if (!/^[\w.~+/-]+=*$/.test(token)) {
    throw new UsageError(
      "PROBE_TOKEN is not set, or no token: set it to that of NAME:TOKEN:health in ADMIN_TOKENS",
    );
  }
  return { kind: "run", config: { ...parsed.values, token } };
}

/** Every flag of the prober, in the order of the help, by the property of the configuration it sets. */
export function proberFlags(stderrIsTerminal: boolean) {
  return {
    reportTo: {
      flag: "report-to",
      placeholder: "URL,...",
      variable: "PROBE_REPORT_TO",
      default: "http://127.0.0.1:8081",
      help: "admin APIs of the balancers to report to; the first that answers says what to probe",
      parse: parseUrls,
    },
    probePrivate: {
      flag: "probe-private",
      placeholder: "on|off",
      variable: "PROBE_PRIVATE",
      default: "off",
      help: "whether checks may go to loopback and link-local addresses",
      parse: (text: string): boolean => oneOf(["on", "off"])(text) === "on",
    },
    ...logFlags("PROBE", stderrIsTerminal),
  } satisfies { [Key in keyof Flags]: FlagSpec<Flags[Key]> };
}

function parseUrls(text: string): string[] {
  const urls = text.split(",").map((part) => {
    const url = URL.parse(part);
    if (url === null || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
      throw new SyntaxError("give URLs such as http://127.0.0.1:8081, separated by commas");
    }
    return url.href.replace(/\/+$/, "");
  });
  if (urls.length > BALANCERS_MAX) throw new RangeError(`give at most ${BALANCERS_MAX} URLs`);
  return urls;
}
