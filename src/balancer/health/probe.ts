import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Target } from "./checks.ts";
import { privateRange } from "./private_address.ts";
import type { Outcome } from "./verdict.ts";

/** How much of an answer is read at most to find its status. */
const HEAD_BYTES_MAX = 16_384;
/** The statuses by which a server says that it does not support HEAD. Such a server is probed with GET. */
const NO_HEAD = [405, 501];

export interface ProbeOptions {
  /** Whether loopback and link-local addresses may be probed. */
  readonly allowsPrivate: boolean;
  /** Certificate authorities to trust in addition to Deno's, in PEM; for tests. */
  readonly caCerts?: readonly string[];
  /** Looks up the addresses of a name; by default the system's resolver. For tests. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

const addressesOf = async (name: string): Promise<readonly string[]> =>
  (await lookup(name, { all: true })).map(({ address }) => address);

/** Thrown if the probe is not allowed. It says nothing about the health of the destination. */
class Barred extends Error {}

/**
 * Probes a target once, with HEAD, or with GET if the server does not support HEAD. It follows no redirect,
 * reads no body and opens a new connection, as a new viewer would. Never rejects.
 */
export async function probe(target: Target, options: ProbeOptions): Promise<Outcome> {
  const { expect, timeoutS } = target;
  const timeout = AbortSignal.timeout(timeoutS * 1000);
  const deadline = Promise.withResolvers<never>();
  const onTimeout = () => deadline.reject(new Error(`no answer within ${timeoutS} s`));
  timeout.addEventListener("abort", onTimeout);
  try {
    const status = await Promise.race([statusOf(new URL(target.url), options, timeout), deadline.promise]);
    const [from, to] = expect.split("-");
    if (Number(from) <= status && status <= Number(to)) return { kind: "well" };
    return { kind: "ill", reason: `status ${status}, expected ${expect}` };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof Barred) return { kind: "barred", reason: message };
    return { kind: "ill", reason: timeout.aborted ? `no answer within ${timeoutS} s` : message };
  } finally {
    timeout.removeEventListener("abort", onTimeout);
  }
}

async function statusOf(url: URL, options: ProbeOptions, timeout: AbortSignal): Promise<number> {
  await requireAllowed(url, options);
  const status = await ask("HEAD", url, options, timeout);
  return NO_HEAD.includes(status) ? await ask("GET", url, options, timeout) : status;
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");
const portOf = (url: URL): number => Number(url.port) || (url.protocol === "https:" ? 443 : 80);

/**
 * @throws {Barred} The net permission is missing, or the host is or resolves to an address that must not be
 * probed.
 */
async function requireAllowed(
  url: URL,
  { allowsPrivate, resolve = addressesOf }: ProbeOptions,
): Promise<void> {
  const address = `${url.hostname}:${portOf(url)}`;
  if (Deno.permissions.querySync({ name: "net", host: address }).state !== "granted") {
    throw new Barred(`the net permission to probe it is missing: run again with --allow-net=${address}`);
  }
  if (allowsPrivate) return;
  const host = hostOf(url);
  refusePrivate(host);
  if (isIP(host) > 0) return;
  try {
    (await resolve(host)).forEach(refusePrivate);
  } catch (error) {
    // A look-up needs the permission for all ports of the host. With one port granted, the check after
    // connecting decides.
    if ((error as { code?: string }).code !== "EPERM") throw error;
  }
}

function refusePrivate(address: string): void {
  const range = privateRange(address);
  if (range === undefined) return;
  throw new Barred(`${address} is a ${range} address: only --probe-private on lets it be probed`);
}

async function ask(
  method: string,
  url: URL,
  { allowsPrivate, caCerts }: ProbeOptions,
  timeout: AbortSignal,
): Promise<number> {
  const hostname = hostOf(url);
  const tcp = await Deno.connect({ hostname, port: portOf(url), signal: timeout });
  let conn: Deno.Conn = tcp;
  const close = () => {
    try {
      conn.close();
    } catch {
      // The connection is closed already, or its handshake failed.
    }
  };
  timeout.addEventListener("abort", close);
  try {
    // The name may resolve to another address than a moment ago, so the address is checked before anything is
    // sent.
    if (!allowsPrivate) refusePrivate(tcp.remoteAddr.hostname);
    if (url.protocol === "https:") {
      const tls = await Deno.startTls(tcp, { hostname, ...caCerts && { caCerts: [...caCerts] } });
      conn = tls;
      await tls.handshake();
    }
    await send(conn, requestOf(method, url));
    return await readStatus(conn);
  } finally {
    timeout.removeEventListener("abort", close);
    close();
  }
}

const requestOf = (method: string, { pathname, search, host }: URL): string =>
  `${method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: sluice-probe\r\naccept: */*\r\n` +
  "connection: close\r\n\r\n";

async function send(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

/** Reads the status of the final answer, which may follow interim answers (1xx, RFC 9110, 15.2). */
async function readStatus(conn: Deno.Conn): Promise<number> {
  const bytes = new Uint8Array(HEAD_BYTES_MAX);
  const decoder = new TextDecoder("latin1");
  for (let length = 0; length < bytes.length;) {
    const read = await conn.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
    const text = decoder.decode(bytes.subarray(0, length)).replace(
      /^(?:HTTP\/1\.[01] 1\d\d[^]*?\r?\n\r?\n)+/,
      "",
    );
    const [, status] = /^HTTP\/1\.[01] ([1-5]\d\d)(?: .*)?\r?\n/.exec(text) ?? [];
    if (status !== undefined && !status.startsWith("1")) return Number(status);
  }
  throw new Error("the answer is not HTTP/1.1");
}
