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
import { formatAddress } from "./spawn.ts";
import { Totals } from "./counts/totals.ts";

/** Hands the newest routing table to the workers, from the database or, while that is down, as it was last known. */
export class Master {
  readonly #parts: MasterParts;
  readonly #pool: WorkerPool;
  readonly #failed = Promise.withResolvers<void>();
  readonly #routed = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #table: RoutingTable | undefined;
  #routes: readonly Route[] = [];
  #written = Promise.resolve();
  readonly #renewal: CertificateRenewal;
  #isListening = false;
  #isStopping = false;
  #certificate: Certificate | undefined;
  #isSnapshotTried = false;
  readonly #inForce: RoutesInForce;
  readonly #acceptTrouble: AcceptTrouble;
  /** What the workers did since the start. */
  readonly totals = new Totals(performance.now());
  readonly database = new DatabaseState();

  constructor(parts: MasterParts) {
    this.#parts = parts;
    const { config, limits, startWorker, sendMetrics, accessLog, log } = parts;
    const { workers, spareWorkers: spares, explainHeader: explains } = config;
    this.#inForce = new RoutesInForce(log);
    this.#acceptTrouble = new AcceptTrouble(log);
    this.#renewal = new CertificateRenewal(parts.readCertificate, (next) => this.#certify(next), log);
    parts.health.onChange = () => this.#deal(this.#routes);
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
      spareLost: (worker, reason) => log.error("spare_lost", "a parked worker died", { worker, reason }),
      acceptFailing: (worker, reason) => this.#acceptTrouble.began(`worker ${worker}`, reason),
      acceptRecovered: (worker, failures) => this.#acceptTrouble.ended(`worker ${worker}`, failures),
    });
  }

  /** What would happen to a request for this video now, and why; undefined before there are routes. */
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

  get readiness(): Readiness {
    if (this.#isStopping) return "stopping";
    if (!this.#isListening) return "starting";
    if (this.#pool.listening === 0) return "no-workers";
    return !this.database.isUp ? "stale" : this.database.isReadOnly ? "read-only" : "ready";
  }

  /** What is served now, and by how many. */
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

  /** What the admin API's listener tells of connections that it can't accept. */
  get acceptTrouble(): AcceptTrouble {
    return this.#acceptTrouble;
  }

  /** Resolves when the service can't go on: no worker is left to answer. */
  get failed(): Promise<void> {
    return this.#failed.promise;
  }

  /**
   * Waits for routes, from the database or else from the snapshot; then for the workers to listen.
   * Resolves early when it is stopped meanwhile.
   *
   * @throws {Error} A worker can't be started or can't listen, or the certificate can't be used.
   */
  async start(): Promise<void> {
    const { listen, dropPermissions, readCertificate } = this.#parts;
    const certificate = this.#certificate = await readCertificate?.();
    this.#follow();
    await Promise.race([this.#routed.promise, this.#stopped.promise]);
    if (this.#isStopping) return;
    try {
      await this.#pool.start({ listen, table: this.#table!, certificate });
    } catch (error) {
      this.#pool.terminate();
      const reason = error instanceof Error ? error.message : error;
      throw new Error(`Cannot listen on ${formatAddress(listen)}: ${reason}`, { cause: error });
    }
    if (this.#isStopping) return;
    dropPermissions();
    this.#isListening = true;
    this.#logListening(certificate);
  }

  /** Reads the certificate again, and has viewers shown it from now on; one that can't be used changes nothing. */
  async reload(): Promise<void> {
    this.#parts.accessLog?.reopen();
    if (this.#isListening && !this.#isStopping) await this.#renewal.renew();
  }

  /**
   * Tells those that spread viewers that it stops, and waits for as long as they need to hear of it; then lets the
   * workers and the admin API finish what is in flight, and closes the store, within {@linkcode STOP_DEADLINE_MS}.
   *
   * @param hurry ends the wait
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
      await Promise.race([Promise.all([this.#written, store.close()]), deadline]);
      await finished;
    });
    log.info("stopped", "finished what was in flight", { ...this.#pool.counts });
  }

  /** Makes the first route, then keeps the table up to date. Never rejects. */
  async #follow(): Promise<void> {
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

  async #useSnapshot(): Promise<void> {
    // It is tried once: nobody but this process writes it, and only what it has read from the database.
    if (this.#table || this.#isSnapshotTried) return;
    this.#isSnapshotTried = true;
    const { snapshot, log } = this.#parts;
    const routes = await snapshot.read();
    if (this.#table) return;
    if (!routes) return log.warn("no_routes", "waiting for the database: there is no snapshot to begin with");
    try {
      this.#use(routes);
      log.warn("stale_routes", "beginning with the last routes known, until the database is back");
    } catch (error) {
      log.error("snapshot_refused", "the last routes known can't be used; waiting for the database", {
        error,
      });
    }
  }

  #change(routes: readonly Route[]): void {
    const used = this.#use(routes);
    this.#written = this.#parts.snapshot.write(used);
    this.#parts.log.info("routes", "requests are answered from these routes from now on", {
      routes: used.length,
    });
  }

  /** @throws {RangeError} A route breaks a rule; the table before stays in force. */
  #use(routes: readonly Route[]): readonly Route[] {
    const used = this.#inForce.take(routes);
    this.#parts.health.follow(used);
    this.#deal(used);
    this.#routed.resolve();
    return used;
  }

  /** Has turns taken by these routes and by whoever is there. */
  #deal(routes: readonly Route[]): void {
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
      address: formatAddress(listen),
      admin: formatAddress(admin),
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
