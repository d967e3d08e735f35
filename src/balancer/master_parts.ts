/**
 * What the master is made of, and what it tells of itself.
 *
 * @module
 */
import type { AccessLog } from "./access_log/access_log.ts";
import type { HostPort } from "../shared/flags/flags.ts";
import type { Certificate } from "../shared/http/tls.ts";
import type { Log } from "../shared/log.ts";
import type { BalancerConfig } from "./config.ts";
import type { StartWorker } from "./worker_pool.ts";
import type { HealthBoard } from "./health/health_board.ts";
import type { Limits } from "./front/limits.ts";
import type { Measurement } from "./counts/meter.ts";
import type { Route, RoutingTable } from "./choose/routing.ts";
import type { Snapshot } from "./routes/snapshot.ts";
import type { Store } from "./store/store.ts";

/** All that the master touches of the world: the real parts, or simulated ones. */
export interface MasterParts {
  readonly config: Pick<
    BalancerConfig,
    | "workers"
    | "spareWorkers"
    | "explainHeader"
    | "accessLogSample"
    | "firstRoute"
    | "databaseUrl"
    | "dataDirectory"
    | "drainDelayMs"
  >;
  /** What each worker allows its viewers. */
  readonly limits: Limits;
  /** Reads the certificate that viewers are shown; undefined: they come without TLS. */
  readonly readCertificate: (() => Promise<Certificate>) | undefined;
  /** Where the workers are to listen; the port is known. */
  readonly listen: HostPort;
  /** Where the admin API listens. */
  readonly admin: HostPort;
  readonly store: Store;
  readonly snapshot: Snapshot;
  readonly health: HealthBoard;
  readonly log: Log;
  readonly startWorker: StartWorker;
  /** Where measurements go; undefined: none are made. */
  readonly sendMetrics: ((measurement: Measurement) => void) | undefined;
  /** Where requests are noted; undefined: nowhere. */
  readonly accessLog?: Pick<AccessLog, "add" | "reopen"> | undefined;
  /** Called once every worker listens. */
  dropPermissions(): void;
  /** The turns that each cluster begins after; by default none. */
  readonly turnsTaken?: () => bigint;
}

/** What is served at the moment. */
export interface MasterState {
  /** Workers that listen. */
  readonly listening: number;
  readonly spares: number;
  /** Undefined: there are no routes yet. */
  readonly table: RoutingTable | undefined;
  readonly routes: readonly Route[];
  /** Routes of the database that break a rule. */
  readonly refusedRoutes: number;
  readonly certificate: Certificate | undefined;
}
