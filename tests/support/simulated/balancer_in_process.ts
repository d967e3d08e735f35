/** The redirecting part of the balancer in the test's process, on a store in memory, and its viewers. */
import { HealthBoard } from "../../../src/balancer/health/health_board.ts";
import { REAL_CLOCK } from "../../../src/shared/clock.ts";
import { type LimitFlags, limitsOf } from "../../../src/balancer/front/limits.ts";
import { Master } from "../../../src/balancer/master.ts";
import type { MasterParts } from "../../../src/balancer/master_parts.ts";
import type { Measurement } from "../../../src/balancer/counts/meter.ts";
import type { Route, RouteSettings } from "../../../src/balancer/choose/routing.ts";
import type { Snapshot } from "../../../src/balancer/routes/snapshot.ts";
import { claimAddress } from "../../../src/balancer/front/claim_address.ts";
import { workersFrom } from "../../../src/balancer/spawn.ts";
import { MemoryStore } from "../database/memory_store.ts";
import { type LogEntry, logInto } from "../recorded_log.ts";

export const WORKER_URL = new URL("../../../src/balancer/worker.ts", import.meta.url);
export const CLUSTER = "origin-cluster";
const FILM_PATH = "/video/1488/xcg2djHckad.m3u8";
/** What a viewer requests: a film in the cluster {@linkcode CLUSTER}. */
export const FILM = filmOf(CLUSTER);

export const SETTINGS: RouteSettings = {
  cdnHost: "cdn.example.net",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
};

export const LIMITS: LimitFlags = {
  headerTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  writeTimeoutMs: 10_000,
  connectionsPerAddress: undefined,
};

/** The same request for another cluster. */
export function filmOf(cluster: string): string {
  return `/?video=http://s1.${cluster}${FILM_PATH}`;
}

/** A snapshot in memory. */
export class MemorySnapshot implements Snapshot {
  routes: readonly Route[] | undefined;

  read(): Promise<Route[] | undefined> {
    return Promise.resolve(this.routes && [...this.routes]);
  }

  write(routes: readonly Route[]): Promise<void> {
    this.routes = routes;
    return Promise.resolve();
  }
}

export interface TestBalancer extends AsyncDisposable {
  readonly master: Master;
  readonly store: MemoryStore;
  readonly snapshot: MemorySnapshot;
  readonly log: LogEntry[];
  readonly measurements: Measurement[];
  readonly port: number;
  /** Stops the balancer, if it has not stopped yet. */
  stop(): Promise<void>;
}

export interface BalancerOptions extends Partial<MasterParts> {
  readonly settings?: RouteSettings;
  readonly store?: MemoryStore;
  readonly snapshot?: MemorySnapshot;
  /** Whether the workers are real and need a port. By default they are, unless `startWorker` is given. */
  readonly isReal?: boolean;
}

/** Makes a master, not started yet. Without `startWorker`, its real workers use a free port of 127.0.0.1. */
export function balancer(options: BalancerOptions = {}): TestBalancer {
  const { store = new MemoryStore(), snapshot = new MemorySnapshot() } = options;
  const log: LogEntry[] = [];
  const measurements: Measurement[] = [];
  const { isReal = options.startWorker === undefined } = options;
  const listen = !isReal
    ? { hostname: "127.0.0.1", port: 8080 }
    : claimAddress({ hostname: "127.0.0.1", port: 0 });
  const master = new Master({
    config: {
      workers: 4,
      spareWorkers: 0,
      explainHeader: false,
      accessLogSample: 0,
      drainDelayMs: 0,
      firstRoute: undefined,
      databaseUrl: "",
      dataDirectory: "data",
    },
    limits: limitsOf(LIMITS, 4096, 4, 1),
    readCertificate: undefined,
    listen,
    admin: { hostname: "127.0.0.1", port: 8081 },
    log: logInto(log),
    health: new HealthBoard({ clock: REAL_CLOCK, log: logInto(log) }),
    startWorker: workersFrom(WORKER_URL),
    sendMetrics: (measurement) => void measurements.push(measurement),
    dropPermissions() {},
    ...options,
    store,
    snapshot,
  });
  let stopping: Promise<void> | undefined;
  const stop = () => stopping ??= master.stop({ stop: () => Promise.resolve() }, new Promise(() => {}));
  return { master, store, snapshot, log, measurements, port: listen.port, stop, [Symbol.asyncDispose]: stop };
}

/** Starts a balancer with one route. */
export async function startBalancer(options: BalancerOptions = {}): Promise<TestBalancer> {
  const running = balancer(options);
  await running.store.change(CLUSTER, "test", () => options.settings ?? SETTINGS);
  await running.master.start();
  return running;
}

/** How many viewers were redirected to the CDN, and how many to the origin. */
export interface Sent {
  cdn: number;
  origin: number;
}

/** The most requests under way on one connection. */
const PIPELINED = 50;

/** Sends requests for a cluster's film over keep-alive connections. Returns where they were redirected. */
export async function watch(
  port: number,
  requests: number,
  connections: number,
  cluster = CLUSTER,
): Promise<Sent> {
  const sent: Sent = { cdn: 0, origin: 0 };
  let left = requests;
  const view = async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    while (left > 0) {
      const batch = Math.min(left, PIPELINED);
      left -= batch;
      const answered = await ask(connection, filmOf(cluster), batch);
      sent.cdn += answered.cdn;
      sent.origin += answered.origin;
    }
  };
  await Promise.all(Array.from({ length: connections }, view));
  return sent;
}

/**
 * Sends requests all at once and reads their answers.
 *
 * @throws {Error} An answer is not one of the right redirects.
 */
async function ask(connection: Deno.TcpConn, film: string, requests: number): Promise<Sent> {
  const request = new TextEncoder().encode(`GET ${film} HTTP/1.1\r\nHost: balancer.example\r\n\r\n`);
  const writer = connection.writable.getWriter();
  await Promise.all(Array.from({ length: requests }, () => writer.write(request)));
  writer.releaseLock();
  const buffer = new Uint8Array(65_536);
  let text = "";
  while (text.split("\r\n\r\n").length <= requests) {
    const length = await connection.read(buffer);
    if (length === null) throw new Error(`The connection ended after:\n${text}`);
    text += new TextDecoder().decode(buffer.subarray(0, length));
  }
  const answers = text.split("\r\n\r\n").slice(0, -1);
  const count = (location: string) =>
    answers.filter((answer) =>
      answer.startsWith("HTTP/1.1 301 ") && answer.includes(`\r\nlocation: ${location}\r\n`)
    ).length;
  const sent = {
    cdn: count(`http://cdn.example.net/s1${FILM_PATH}`),
    origin: count(film.slice("/?video=".length)),
  };
  if (sent.cdn + sent.origin !== requests) {
    throw new Error(`${requests} redirects were due, but came:\n${text}`);
  }
  return sent;
}
