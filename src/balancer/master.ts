import type { Certificate } from "../shared/http/tls.ts";
import { sharedMs } from "../shared/shared_clock.ts";
import { within } from "../shared/within.ts";
import type { Readiness } from "./admin/health.ts";
import { AcceptTrouble } from "./front/accept_trouble.ts";
import { endOf } from "./front/certificate.ts";
import { CertificateRenewal } from "./front/certificate_renewal.ts";
import { STOP_DEADLINE_MS } from "./config.ts";
import { type Loss, WorkerPool } from "./worker_pool.ts";
import { DatabaseState } from "./routes/database_state.ts";
import { explain, type Explanation } from "./redirect/explain.ts";
import { logLoss } from "./loss_log.ts";
import { type Route, type RoutingTable, routingTable } from "./choose/routing.ts";
import type { MasterParts, MasterState } from "./master_parts.ts";
import { RoutesInForce } from "./routes/routes_in_force.ts";
import { seed } from "./routes/seed.ts";
import { formatHostPort } from "../shared/address.ts";
import { Totals } from "./counts/totals.ts";
import { messageOf } from "../shared/error_message.ts";

/**
 * Runs the workers and keeps their routing table up to date: from the database or, while that is down, from
 * the last known routes. Answers no viewers itself.
 */
export class Master {
  readonly #parts: MasterParts;
  readonly #pool: WorkerPool;
  readonly #failed = Promise.withResolvers<void>();
  readonly #firstTable = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #table: RoutingTable | undefined;
  #routes: readonly Route[] = [];
  #snapshotWritten = Promise.resolve();
  readonly #renewal: CertificateRenewal;
  #isListening = false;
  #isStopping = false;
  #certificate: Certificate | undefined;
  #isSnapshotTried = false;
  readonly #inForce: RoutesInForce;
  readonly #acceptTrouble: AcceptTrouble;
  /** The workers' answers and connections since the start. */
  readonly totals = new Totals(performance.now());
  readonly database = new DatabaseState();

  constructor(parts: MasterParts) {
    this.#parts = parts;
    const { config, limits, startWorker, sendMetrics, accessLog, log } = parts;
    const { workers, spareWorkers: spares, explainHeader: explains } = config;
    this.#inForce = new RoutesInForce(log);
    this.#acceptTrouble = new AcceptTrouble(log);
    this.#renewal = new CertificateRenewal(parts.readCertificate, (next) => this.#certify(next), log);
    parts.health.onChange = () => this.#publishTable(this.#routes);
    this.#pool = new WorkerPool({
      workers,
      spares,
      limits,
      startWorker,
      measuring: sendMetrics !== undefined,
      explains,
      accessSample: accessLog ? config.accessLogSample : 0,
    }, {
      measured: (measurement) => sendMetrics?.(measurement),
      reported: (worker, report) => this.totals.add(worker, report, performance.now()),
      noted: (lines, count) => accessLog?.add(lines, count),
      lost: (loss) => this.#lose(loss),
      spareLost: (worker, reason) => log.error("spare_lost", "a spare worker died", { worker, reason }),
      acceptFailing: (worker, reason) => this.#acceptTrouble.began(`worker ${worker}`, reason),
      acceptRecovered: (worker, failures) => this.#acceptTrouble.ended(`worker ${worker}`, failures),
    });
  }

  /** Explains what would happen to a request for a video now; undefined: no routes are known yet. */
  explain(video: string): Explanation | undefined {
    const { health } = this.#parts;
    return this.#table &&
      explain(
        video,
        this.#table,
        sharedMs,
        (cluster, name) =>
          health.view(cluster)[0]?.destinations.find((destination) => destination.name === name),
      );
  }

  /** The answer of `/readyz`. */
  get readiness(): Readiness {
    if (this.#isStopping) return "stopping";
    if (!this.#isListening) return "starting";
    if (this.#pool.listening === 0) return "no-workers";
    return !this.database.isUp ? "stale" : this.database.isReadOnly ? "read-only" : "ready";
  }

  /** The workers, routes and certificate in use. */
  get state(): MasterState {
    return {
      listening: this.#pool.listening,
      spares: this.#pool.spares,
      table: this.#table,
      routes: this.#routes,
      refusedRoutes: this.#inForce.refused,
      certificate: this.#certificate,
    };
  }

  /** Where the admin API's listener reports that it can't accept connections. */
  get acceptTrouble(): AcceptTrouble {
    return this.#acceptTrouble;
  }

  /** Resolves when the last worker has died, so that the service can't continue. */
  get failed(): Promise<void> {
    return this.#failed.promise;
  }

  /**
   * Starts the service: waits for routes, from the database or the snapshot, then for the workers to listen.
   * Resolves early if {@linkcode stop} is called meanwhile.
   *
   * @throws {Error} A worker can't start or listen, or the certificate can't be used.
   */
  async start(): Promise<void> {
    const { listen, dropPermissions, readCertificate } = this.#parts;
    const certificate = this.#certificate = await readCertificate?.();
    this.#followRoutes();
    await Promise.race([this.#firstTable.promise, this.#stopped.promise]);
    if (this.#isStopping) return;
    try {
      await this.#pool.start({ listen, table: this.#table!, certificate });
    } catch (error) {
      this.#pool.terminate();
      const reason = messageOf(error);
      throw new Error(`Cannot listen on ${formatHostPort(listen)}: ${reason}`, { cause: error });
    }
    if (this.#isStopping) return;
    dropPermissions();
    this.#isListening = true;
    this.#logListening(certificate);
  }

  /**
   * Reopens the access log and reloads the certificate (SIGHUP). A certificate that can't be used changes
   * nothing.
   */
  async reload(): Promise<void> {
    this.#parts.accessLog?.reopen();
    if (this.#isListening && !this.#isStopping) await this.#renewal.renew();
  }

  /**
   * Stops gracefully. First `/readyz` answers 503 for `drainDelayMs`, so that load balancers send no new
   * viewers. Then the workers and the admin API finish the requests in flight, and the store is closed,
   * within {@linkcode STOP_DEADLINE_MS}.
   *
   * @param hurry ends the drain delay when it settles
   */
  async stop(adminListener: { stop(): Promise<void> }, hurry: Promise<unknown>): Promise<void> {
    const { store, log, config: { drainDelayMs } } = this.#parts;
    this.#isStopping = true;
    this.#stopped.resolve();
    this.#parts.health.stop();
    if (this.#isListening && drainDelayMs > 0) {
      this.#pool.drain();
      await within(drainDelayMs, (over) => Promise.race([over, hurry]));
    }
    await within(STOP_DEADLINE_MS, async (deadline) => {
      const finished = this.#pool.stop(deadline);
      await Promise.race([adminListener.stop(), deadline]);
      await Promise.race([Promise.all([this.#snapshotWritten, store.close()]), deadline]);
      await finished;
    });
    log.info("stopped", "the service has stopped", { ...this.#pool.counts });
  }

  /** Creates the first route if there is none, then follows the routes in the store. Never rejects. */
  async #followRoutes(): Promise<void> {
    const { config: { firstRoute }, store, health, log } = this.#parts;
    const isStopping = () => this.#isStopping;
    if (firstRoute) {
      const waiting = () => this.#useSnapshot();
      await seed(firstRoute, { store, log, isStopping, stopped: this.#stopped.promise, waiting });
    }
    if (this.#isStopping) return;
    await store.watch(
      (routes) => this.#change(routes),
      (up, isReadOnly) => this.database.turned(up, isReadOnly),
      (overrides) => health.override(overrides),
    );
    await this.#useSnapshot();
  }

  /** Uses the snapshot if no routes are known yet. */
  async #useSnapshot(): Promise<void> {
    // One attempt is enough: only this process writes the file, and only with routes that it read from the
    // database.
    if (this.#table || this.#isSnapshotTried) return;
    this.#isSnapshotTried = true;
    const { snapshot, log } = this.#parts;
    const routes = await snapshot.read();
    if (this.#table) return;
    if (!routes) return log.warn("no_routes", "there is no snapshot to start from: waiting for the database");
    try {
      this.#putInForce(routes);
      log.warn("stale_routes", "the database is down: starting with the last known routes");
    } catch (error) {
      log.error("snapshot_refused", "the last known routes can't be used: waiting for the database", {
        error,
      });
    }
  }

  #change(routes: readonly Route[]): void {
    const valid = this.#putInForce(routes);
    this.#snapshotWritten = this.#parts.snapshot.write(valid);
    this.#parts.log.info("routes", "new routes are in force", {
      routes: valid.length,
    });
  }

  /**
   * Puts routes in force, and returns those that are valid.
   *
   * @throws {RangeError} No table can be made of the routes. The previous table stays in force.
   */
  #putInForce(routes: readonly Route[]): readonly Route[] {
    const valid = this.#inForce.take(routes);
    this.#parts.health.follow(valid);
    this.#publishTable(valid);
    this.#firstTable.resolve();
    return valid;
  }

  /**
   * Makes a routing table of these routes and the availability of their destinations, and posts it to the
   * workers.
   */
  #publishTable(routes: readonly Route[]): void {
    this.#table = routingTable(routes, {
      ...this.#table && { previous: this.#table },
      turnsTaken: this.#parts.turnsTaken ?? (() => 0n),
      availabilityOf: (cluster) => this.#parts.health.availabilityOf(cluster),
    });
    this.#routes = routes;
    this.#pool.replace(this.#table);
    this.totals.keepOnly((cluster, destination) =>
      this.#table!.get(cluster)?.destinations.some(({ name }) => name === destination) ?? false
    );
  }

  #certify(certificate: Certificate): void {
    this.#certificate = certificate;
    this.#pool.certify(certificate);
  }

  #logListening(certificate: Certificate | undefined): void {
    const { config, limits, listen, admin, log } = this.#parts;
    log.info("listening", "ready to redirect", {
      address: formatHostPort(listen),
      admin: formatHostPort(admin),
      workers: config.workers,
      spare_workers: config.spareWorkers,
      connections_max: limits.connectionsMax * config.workers,
      ...certificate ? { certificate_ends: endOf(certificate) } : {},
      database: config.databaseUrl ? "postgresql" : "embedded",
      data: config.dataDirectory,
      routes: this.#table!.size,
      readiness: this.readiness,
    });
  }

  #lose(loss: Loss): void {
    if (!this.#isListening) return;
    const { log } = this.#parts;
    this.#acceptTrouble.ended(`worker ${loss.worker}`, 0);
    this.totals.forget(loss.worker);
    logLoss(log, loss, this.#pool.spares);
    if (loss.left === 0) this.#failed.resolve();
  }
}
