import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { isIP } from "node:net";
import { type DatabaseHost, type DatabaseUrl, parseDatabaseUrl, passwordIn } from "./database_url.ts";

/** All that a connection needs, from `DATABASE_URL` and the files that it names. */
export interface DatabaseServer {
  readonly url: DatabaseUrl;
  /** The TLS options of postgres.js for this host; false: no TLS. */
  tls(host: DatabaseHost): false | "allow" | "prefer" | "require" | TlsOptions;
  passwordFor(host: DatabaseHost): string;
}

export interface TlsOptions {
  readonly rejectUnauthorized: true;
  /** The IP address that the certificate must be for. Not set for a host name, which the library knows. */
  readonly host?: string;
  readonly ca?: string;
  checkServerIdentity(name: string, certificate: PeerCertificate): Error | undefined;
}

/**
 * Parses the URL and reads the files that it names.
 *
 * @throws {SyntaxError} The URL can't be used.
 * @throws {Deno.errors.NotCapable} A permission is missing; the message names the flag.
 * @throws {Error} A file can't be read.
 */
export function serverOf(databaseUrl: string): DatabaseServer {
  const url = parseDatabaseUrl(databaseUrl);
  for (const host of url.hosts) requirePermission(host);
  const ca = url.sslRootCert && read("sslrootcert", url.sslRootCert);
  const passwords = url.password === "" && url.passfile ? read("passfile", url.passfile) : "";
  return {
    url,
    tls: (host) => tlsOptions(url, host, ca),
    passwordFor: (host) => url.password || passwordIn(passwords, host, url) || "",
  };
}

function tlsOptions(
  { sslMode }: DatabaseUrl,
  host: DatabaseHost,
  ca: string | undefined,
): ReturnType<DatabaseServer["tls"]> {
  if (sslMode === "disable" || "path" in host) return false; // As in libpq, a Unix socket has no TLS.
  // As in libpq, "require" with a root certificate means "verify-ca".
  const mode = sslMode === "require" && ca ? "verify-ca" : sslMode;
  if (mode === "allow" || mode === "prefer" || mode === "require") return mode;
  return {
    rejectUnauthorized: true,
    // Without `host`, the certificate of an IP address would be checked for "localhost".
    ...isIP(host.hostname) ? { host: host.hostname } : {},
    ...ca ? { ca } : {},
    checkServerIdentity: mode === "verify-ca"
      ? () => undefined
      : (_name, certificate) => checkServerIdentity(host.hostname, certificate),
  };
}

/** Returns the hosts of a URL in the form of Deno's net permission, without ports. */
export function hostsOf(databaseUrl: string): string[] {
  return parseDatabaseUrl(databaseUrl).hosts.map((host) =>
    "path" in host ? `unix:${host.path}` : host.hostname.includes(":") ? `[${host.hostname}]` : host.hostname
  );
}

function requirePermission(host: DatabaseHost): void {
  const missing: string[] = [];
  if ("path" in host) {
    if (!isGranted({ name: "read", path: host.path })) missing.push(`--allow-read=${host.path}`);
    if (!isGranted({ name: "write", path: host.path })) missing.push(`--allow-write=${host.path}`);
    if (!isGranted({ name: "net", host: `unix:${host.path}` })) missing.push(`--allow-net=unix:${host.path}`);
  } else {
    const { hostname, port } = host;
    const address = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
    if (!isGranted({ name: "net", host: address })) missing.push(`--allow-net=${address}`);
  }
  if (missing.length === 0) return;
  const kind = "path" in host ? "permission for its socket" : "net permission";
  throw new Deno.errors.NotCapable(
    `Cannot connect to the database: ${kind} is missing, run again with ${missing.join(" ")}`,
  );
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  try {
    return Deno.permissions.querySync(permission).state === "granted";
  } catch {
    return true; // This Deno can't check such a permission: the connection fails if it is missing.
  }
}

function read(name: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new Deno.errors.NotCapable(
        `Cannot read ${name} of DATABASE_URL: read permission is missing, run again with --allow-read=${path}`,
      );
    }
    throw new Error(`Cannot read ${name} of DATABASE_URL: ${(error as Error).message}`, { cause: error });
  }
}
