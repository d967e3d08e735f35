import { isIP } from "node:net";

/** Where a server listens. */
export type DatabaseHost =
  | { readonly hostname: string; readonly port: number }
  | { readonly path: string };

/** What a server must be to be used, as libpq's `target_session_attrs` names it. */
export type SessionAttributes = "any" | "read-write" | "read-only" | "primary" | "standby";

/** As libpq's `sslmode` (https://www.postgresql.org/docs/current/libpq-ssl.html). */
export type SslMode = (typeof SSL_MODES)[number];

/** All that `DATABASE_URL` says. */
export interface DatabaseUrl {
  /** At least one; tried in this order. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  /** Empty: none is given. */
  readonly password: string;
  readonly database: string;
  readonly sslMode: SslMode;
  /** The file of the certificates to trust; undefined: those that Deno trusts. */
  readonly sslRootCert: string | undefined;
  /** The file that holds the password, if the URL does not (libpq, "The Password File"). */
  readonly passfile: string | undefined;
  readonly sessionAttributes: SessionAttributes;
  /** What else is set for each session, such as `options`. */
  readonly settings: Readonly<Record<string, string>>;
}

const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
const SESSION_ATTRIBUTES = ["any", "read-write", "read-only", "primary", "standby"] as const;
const PORT = 5432;

/** What libpq knows and is of no use here: left out, where the server would refuse it as a setting of its own. */
const IGNORED = [
  "connect_timeout",
  "keepalives",
  "keepalives_idle",
  "keepalives_interval",
  "keepalives_count",
];
/** What libpq knows and would change who is trusted: refused rather than ignored. */
const UNSUPPORTED = [
  "sslcert",
  "sslkey",
  "sslcrl",
  "sslcrldir",
  "sslpassword",
  "channel_binding",
  "require_auth",
  "service",
];

const FORM = "give postgres://USER:PASSWORD@HOST:PORT/DATABASE";

/**
 * Reads `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?NAME=VALUE`, as libpq does
 * (https://www.postgresql.org/docs/current/libpq-connect.html, 34.1.1.2).
 *
 * @throws {SyntaxError} The URL lacks a part, or a part can't be as it is. No message ever holds a secret.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const [, authority, path = "", query = ""] =
    /^postgres(?:ql)?:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text) ?? [];
  if (authority === undefined) throw unreadable(FORM);
  const [, account = "", places = ""] = /^(?:(.*)@)?([^@]*)$/.exec(authority)!;
  const [, user, password = ""] = /^([^:]*)(?::(.*))?$/s.exec(account)!;
  const parameters = parametersOf(query);
  const database = decode(path);
  if (!user || !database) throw unreadable(FORM);
  const sslMode = sslModeOf(parameters);
  const sslRootCert = parameters.get("sslrootcert") || undefined;
  const passfile = parameters.get("passfile") || undefined;
  const sessionAttributes = oneOf("target_session_attrs", parameters, SESSION_ATTRIBUTES, "any");
  const hosts = hostsOf(parameters.get("host") ?? decode(places), parameters.get("port"));
  for (const name of OWN) parameters.delete(name);
  return {
    hosts,
    user: decode(user),
    password: decode(password),
    database,
    sslMode,
    sslRootCert: sslRootCert === "system" ? undefined : sslRootCert,
    passfile,
    sessionAttributes,
    settings: Object.fromEntries(parameters),
  };
}

/** The parameters that mean something here, and nothing to the server. */
const OWN = ["sslmode", "ssl", "sslrootcert", "passfile", "target_session_attrs", "host", "port", ...IGNORED];

const unreadable = (advice: string) => new SyntaxError(`Cannot read DATABASE_URL: ${advice}`);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable("escape what is special in its user and password as %XX");
  }
}

function parametersOf(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    const [, name = "", value = ""] = /^([^=]*)(?:=(.*))?$/s.exec(part)!;
    if (UNSUPPORTED.includes(name)) throw unreadable(`leave out ${name}, which is not supported`);
    parameters.set(decode(name), decode(value));
  }
  return parameters;
}

function sslModeOf(parameters: ReadonlyMap<string, string>): SslMode {
  // The short form of some drivers.
  const short = parameters.get("ssl");
  const given = new Map(parameters);
  if (!given.has("sslmode") && short !== undefined) {
    given.set("sslmode", { true: "verify-full", false: "disable" }[short] ?? short);
  }
  // As in libpq, whoever trusts the certificates of the system means to have the name checked.
  const fallback = parameters.get("sslrootcert") === "system" ? "verify-full" : "disable";
  return oneOf("sslmode", given, SSL_MODES, fallback);
}

function oneOf<const Word extends string>(
  name: string,
  parameters: ReadonlyMap<string, string>,
  words: readonly Word[],
  fallback: Word,
): Word {
  const given = parameters.get(name) || fallback;
  const word = words.find((word) => word === given);
  if (word === undefined) {
    throw unreadable(`${name} is ${JSON.stringify(given)}: give one of ${words.join(", ")}`);
  }
  return word;
}

/** @param places `HOST:PORT`, several with a comma between them; an empty or absent port is that of `ports` */
function hostsOf(places: string, ports: string | undefined): DatabaseHost[] {
  const texts = places.split(",");
  const portList = ports?.split(",") ?? [];
  if (portList.length > 1 && portList.length !== texts.length) {
    throw unreadable("give as many ports as hosts");
  }
  return texts.map((text, index) => {
    const general = (portList.length > 1 ? portList[index] : portList[0]) || String(PORT);
    if (text.startsWith("/")) {
      const [, directory, own = general] = /^(.*?)(?::(\d+))?$/s.exec(text)!;
      return { path: `${directory!.replace(/\/+$/, "")}/.s.PGSQL.${portOf(own)}` };
    }
    // An address of IPv6 may come in `host=` without its brackets.
    const bare = isIP(text) === 6 ? `[${text}]` : text;
    const [, hostname, own = general] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d*))?$/.exec(bare) ?? [];
    if (hostname === undefined) throw unreadable(FORM);
    return { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: portOf(own || general) };
  });
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw unreadable("give a port from 1 to 65535");
  return port;
}

/**
 * The password that a password file holds for a host (libpq, "The Password File"): that of the first line
 * `HOST:PORT:DATABASE:USER:PASSWORD` that fits, in which `*` fits everything, and a backslash stands before a colon or
 * a backslash of a name.
 */
export function passwordIn(
  text: string,
  host: DatabaseHost,
  { database, user }: Pick<DatabaseUrl, "database" | "user">,
): string | undefined {
  const [name, port] = "path" in host
    ? ["localhost", host.path.replace(/.*\./s, "")]
    : [host.hostname, String(host.port)];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = line.match(/(?:\\.|[^:\\])+|(?<=:)(?=:)/g)?.map((field) => field.replace(/\\(.)/g, "$1"));
    if (fields?.length !== 5) continue;
    if ([name, port, database, user].every((value, at) => fields[at] === "*" || fields[at] === value)) {
      return fields[4];
    }
  }
}
