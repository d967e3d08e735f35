import { secret } from "../shared/flags/secrets.ts";
import { type FlagSpec, helpText, type Lookup, parseFlags, UsageError } from "../shared/flags/flags.ts";
import type { LogFormat, LogLevel } from "../shared/log.ts";
import { logFlags } from "../shared/flags/log_flags.ts";
import { type StartRequest, startRequest } from "../shared/flags/start_request.ts";
import { onOff } from "../shared/flags/values.ts";

interface Flags {
  /**
   * The admin APIs that get the reports, without a final slash. The first that answers says what to probe.
   */
  readonly reportTo: readonly string[];
  /** Whether loopback and link-local addresses may be probed. */
  readonly probePrivate: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export interface ProberConfig extends Flags {
  /** The token from ADMIN_TOKENS of the balancers. A secret. */
  readonly token: string;
}

/** What the command line asks for. */
/** The most balancers that one prober reports to. */
const BALANCERS_MAX = 16;

const VARIABLES_HELP = `Variables without a flag, because other users can read a command line:
  PROBE_TOKEN       the token of NAME:TOKEN:health in the balancer's ADMIN_TOKENS
  PROBE_TOKEN_FILE  a file that holds the token`;

/**
 * Reads the configuration from the command line, the environment and `.env`, in that order of precedence.
 *
 * @param readText reads the file of a secret
 * @throws {UsageError} A setting is invalid. The message is one line that names the setting, its value and
 * what to give instead.
 */
export function parseConfig(
  args: readonly string[],
  env: Lookup,
  dotEnv: Lookup,
  stderrIsTerminal: boolean,
  readText?: (path: string) => string,
): StartRequest<ProberConfig> {
  const table = proberFlags(stderrIsTerminal);
  const help = () => `${helpText("deno task probe", table)}\n${VARIABLES_HELP}`;
  return startRequest(parseFlags(args, table, env, dotEnv), help, (values) => {
    const token = secret("PROBE_TOKEN", (name) => env(name) || dotEnv(name) || "", readText);
    if (!/^[\w.~+/-]+=*$/.test(token)) {
      throw new UsageError(
        "PROBE_TOKEN is missing or not a token: set it to the TOKEN of a NAME:TOKEN:health in ADMIN_TOKENS",
      );
    }
    return { ...values, token };
  });
}

/**
 * Every flag of the prober, in the order of the help text, by the property of the configuration that it sets.
 */
export function proberFlags(stderrIsTerminal: boolean) {
  return {
    reportTo: {
      flag: "report-to",
      placeholder: "URL,...",
      variable: "PROBE_REPORT_TO",
      default: "http://127.0.0.1:8081",
      help: "admin APIs of the balancers to report to; the first one that answers says what to probe",
      parse: parseUrls,
    },
    probePrivate: {
      flag: "probe-private",
      placeholder: "on|off",
      variable: "PROBE_PRIVATE",
      default: "off",
      help: "whether checks may probe loopback and link-local addresses",
      parse: onOff,
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
