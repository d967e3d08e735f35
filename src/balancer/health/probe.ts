import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Target } from "./checks.ts";
import { privateRange } from "./private_address.ts";
import type { Outcome } from "./verdict.ts";

/** The longest beginning of an answer that is read to find its status. */
const HEAD_BYTES_MAX = 16_384;
/** Of a server that has HEAD for nothing: it is asked with GET. */
const NO_HEAD = [405, 501];

export interface ProbeOptions {
  /** Whether addresses of the loopback and the link-local range may be probed. */
  readonly allowsPrivate: boolean;
  /** Authorities to trust beside those that Deno does, in PEM; for tests. */
  readonly caCerts?: readonly string[];
  /** The addresses of a name; for tests, those of the system otherwise. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

const addressesOf = async (name: string): Promise<readonly string[]> =>
  (await lookup(name, { all: true })).map(({ address }) => address);

/** Thrown where a probe must not go on: nothing is known of the destination. */
class Barred extends Error {}

/**
 * Asks a target once, with HEAD, or with GET where the server knows no HEAD. Follows no redirect, reads no body, and
 * has a connection of its own, which is what a new viewer would have. Never rejects.
 */
export async function probe(target: Target, options: ProbeOptions): Promise<Outcome> {
  const { expect, timeoutS } = target;
  const timeout = AbortSignal.timeout(timeoutS * 1000);
  const late = Promise.withResolvers<never>();
  const onLate = () => late.reject(new Error(`no answer within ${timeoutS} s`));
  timeout.addEventListener("abort", onLate);
  try {
    const status = await Promise.race([statusOf(new URL(target.url), options, timeout), late.promise]);
    const [from, to] = expect.split("-");
    if (Number(from) <= status && status <= Number(to)) return { kind: "well" };
    return { kind: "ill", reason: `status ${status} where ${expect} is expected` };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof Barred) return { kind: "barred", reason: message };
    return { kind: "ill", reason: timeout.aborted ? `no answer within ${timeoutS} s` : message };
  } finally {
    timeout.removeEventListener("abort", onLate);
  }
}

async function statusOf(url: URL, options: ProbeOptions, timeout: AbortSignal): Promise<number> {
  await judgeHost(url, options);
  const status = await ask("HEAD", url, options, timeout);
  return NO_HEAD.includes(status) ? await ask("GET", url, options, timeout) : status;
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1");
const portOf = (url: URL): number => Number(url.port) || (url.protocol === "https:" ? 443 : 80);

/** @throws {Barred} The permission is missing, or the host is, or leads to, an address that is not to be probed. */
async function judgeHost(
  url: URL,
  { allowsPrivate, resolve = addressesOf }: ProbeOptions,
): Promise<void> {
  const address = `${url.hostname}:${portOf(url)}`;
  if (Deno.permissions.querySync({ name: "net", host: address }).state !== "granted") {
    throw new Barred(`the permission to probe it is missing: run again with --allow-net=${address}`);
  }
  if (allowsPrivate) return;
  const host = hostOf(url);
  refusePrivate(host);
  if (isIP(host) > 0) return;
  try {
    (await resolve(host)).forEach(refusePrivate);
  } catch (error) {
    // It takes the permission for every port of the host; where only one is granted, the connection tells.
    if ((error as { code?: string }).code !== "EPERM") throw error;
  }
}

function refusePrivate(address: string): void {
  const range = privateRange(address);
  if (range === undefined) return;
  throw new Barred(`${address} is an address of the ${range} range: --probe-private on lets it be probed`);
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
      // It is closed, or was lost in a handshake.
    }
  };
  timeout.addEventListener("abort", close);
  try {
    // A name may lead elsewhere than a moment ago: nothing is sent before the address is known that it led to.
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

/** The status of the final answer: an interim one (1xx) goes before it (RFC 9110, 15.2). */
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
  throw new Error("the answer is no HTTP/1.1");
}
