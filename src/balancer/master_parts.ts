/**
 * The parts that the master is given, and the state that it shows.
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

/** Everything that the master uses of the outside world: real parts, or simulated ones. */
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
  /** The limits of each worker. */
  readonly limits: Limits;
  /** Reads the certificate for viewers' connections; undefined: TLS is off. */
  readonly readCertificate: (() => Promise<Certificate>) | undefined;
  /** The address for the workers to listen on, with its final port. */
  readonly listen: HostPort;
  /** The address of the admin API. */
  readonly admin: HostPort;
  readonly store: Store;
  readonly snapshot: Snapshot;
  readonly health: HealthBoard;
  readonly log: Log;
  readonly startWorker: StartWorker;
  /** Sends measurements to an aggregator; undefined: none are made. */
  readonly sendMetrics: ((measurement: Measurement) => void) | undefined;
  /** The access log; undefined: there is none. */
  readonly accessLog?: Pick<AccessLog, "add" | "reopen"> | undefined;
  /** Called once every worker listens. */
  dropPermissions(): void;
  /** The number of turns that a new cluster starts after; by default 0. */
  readonly turnsTaken?: () => bigint;
}

/** The state of the service now. */
export interface MasterState {
  /** The number of workers that listen. */
  readonly listening: number;
  /** The number of spare workers. */
  readonly spares: number;
  /** Undefined: no routes are known yet. */
  readonly table: RoutingTable | undefined;
  readonly routes: readonly Route[];
  /** The number of invalid routes in the database. */
  readonly refusedRoutes: number;
  readonly certificate: Certificate | undefined;
}
