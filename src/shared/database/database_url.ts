import { isIP } from "node:net";

/** Where a server listens: a TCP address, or the path of a Unix socket. */
export type DatabaseHost =
  | { readonly hostname: string; readonly port: number }
  | { readonly path: string };

/** The kind of server to use, as in libpq's `target_session_attrs`. */
export type SessionAttributes = "any" | "read-write" | "read-only" | "primary" | "standby";

/** As libpq's `sslmode` (https://www.postgresql.org/docs/current/libpq-ssl.html). */
export type SslMode = (typeof SSL_MODES)[number];

/** The parts of `DATABASE_URL`. */
export interface DatabaseUrl {
  /** At least one host; they are tried in this order. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  /** Empty: the URL has no password. */
  readonly password: string;
  readonly database: string;
  readonly sslMode: SslMode;
  /** File of the certificates to trust; undefined: the certificates that Deno trusts. */
  readonly sslRootCert: string | undefined;
  /** File with the password, if the URL has none (libpq, "The Password File"). */
  readonly passfile: string | undefined;
  readonly sessionAttributes: SessionAttributes;
  /** Other parameters, which are set for each session, such as `options`. */
  readonly settings: Readonly<Record<string, string>>;
}

const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
const SESSION_ATTRIBUTES = ["any", "read-write", "read-only", "primary", "standby"] as const;
const PORT = 5432;

/** Parameters of libpq without an effect here. They are removed: the server would refuse them. */
const IGNORED = [
  "connect_timeout",
  "keepalives",
  "keepalives_idle",
  "keepalives_interval",
  "keepalives_count",
];
/** Parameters of libpq that change who is trusted. They are refused: to ignore them would be unsafe. */
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
 * Parses `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?NAME=VALUE` as libpq does
 * (https://www.postgresql.org/docs/current/libpq-connect.html, 34.1.1.2).
 *
 * @throws {SyntaxError} A part is missing or invalid. The message never contains a secret.
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
  for (const name of NOT_FOR_SERVER) parameters.delete(name);
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

/** Parameters that are not sent to the server. */
const NOT_FOR_SERVER = [
  "sslmode",
  "ssl",
  "sslrootcert",
  "passfile",
  "target_session_attrs",
  "host",
  "port",
  ...IGNORED,
];

const unreadable = (advice: string) => new SyntaxError(`Cannot read DATABASE_URL: ${advice}`);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable("escape special characters in the user and the password as %XX");
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
  // Some drivers write ssl=true or ssl=false instead of sslmode.
  const short = parameters.get("ssl");
  const given = new Map(parameters);
  if (!given.has("sslmode") && short !== undefined) {
    given.set("sslmode", { true: "verify-full", false: "disable" }[short] ?? short);
  }
  // As in libpq, trust in the system's certificates includes a check of the server's name.
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

/**
 * @param places `HOST:PORT`, several separated by commas
 * @param ports the ports of places that have none: one for all, or as many as places
 */
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
    // In `host=`, an IPv6 address may have no brackets.
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
 * Finds the password for a host in the text of a password file (libpq, "The Password File"). The first line
 * `HOST:PORT:DATABASE:USER:PASSWORD` that matches wins. `*` matches everything; a backslash escapes a colon
 * or a backslash.
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
