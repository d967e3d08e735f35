import type { Log } from "../../shared/log.ts";
import type { Route } from "../routing.ts";
import { Hearing } from "./hearing.ts";
import { CHANNEL } from "./migrations.ts";
import type { Outage } from "./outage.ts";
import { type RouteRow, ROUTES, toRoute } from "./rows.ts";
import type { Sql, Subscription } from "./sql.ts";
import { StoreReadOnly } from "./store.ts";
import { Watch } from "./watch.ts";

/** Between two looks where notifications come: a dead connection is found out by it. */
const LOOK_MS = 10_000;
/** Between two looks where they do not, so that a change is in force within 250 ms all the same. */
const POLL_MS = 200;
/** Between two sessions where one is not allowed to write, to see whether the next one is. */
const RENEW_MS = 1_000;

/** What tells one state of the table from another, in one row, however many it has; xmin is new with each write. */
const FINGERPRINT = `
  select current_setting('transaction_read_only')::bool as read_only, pg_is_in_recovery() as standby,
    count(*)::int as routes, coalesce(sum(hashtextextended(cluster || ' ' || xmin::text, 0)), 0)::text as hash
  from balancer.routes`;

interface Fingerprint {
  read_only: boolean;
  standby: boolean;
  routes: number;
  hash: string;
}

export interface RouteWatchOptions {
  readonly sql: Sql;
  readonly log: Log;
  readonly outage: Outage;
  /** Brings the schema up to date. */
  readonly ready: () => Promise<void>;
  readonly changed: (routes: Route[]) => void;
  readonly state: (up: boolean, isReadOnly: boolean) => void;
}

/** Tells of the routes as they change: by notification, or by looking, where no notification comes. */
export class RouteWatch {
  readonly #options: RouteWatchOptions;
  readonly #subscription: Subscription;
  readonly #watch: Watch<Route[]>;
  readonly #hearing = new Hearing();
  /** By which one knows one's own test of the notifications from a change. */
  readonly #name = `test ${crypto.randomUUID()}`;
  #isReading = false;
  #isUp = false;
  #isReadOnly = false;
  #renewedMs = -Infinity;
  #last: { fingerprint: string; routes: Route[] } | undefined;

  constructor(options: RouteWatchOptions) {
    this.#options = options;
    this.#subscription = options.sql.listen(CHANNEL, (payload) => this.#heard(payload));
    this.#watch = new Watch({
      read: () => this.#read(),
      rereadMs: () => this.#lookMs(),
      changed: options.changed,
      failed: (reason) => options.outage.goesOn(reason),
      reached: (up) => this.#reached(up),
    });
  }

  /** Resolves after the first attempt to read, whatever came of it. */
  get tried(): Promise<void> {
    return this.#watch.tried;
  }

  /** A change of one's own was made, and is to be heard of. */
  announced(): void {
    this.#hearing.announced();
    this.#watch.wake();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  async #read(): Promise<Route[]> {
    this.#isReading = true;
    try {
      await this.#options.ready();
      const [found] = await this.#subscription.query<Fingerprint>(FINGERPRINT);
      const fingerprint = JSON.stringify([found?.routes, found?.hash]);
      if (this.#last?.fingerprint !== fingerprint) {
        // Asked before the rows: what comes between shows in the next one.
        const routes = (await this.#subscription.query<RouteRow>(ROUTES)).map(toRoute);
        this.#last = { fingerprint, routes };
      }
      this.#note(found);
    } finally {
      this.#isReading = false;
    }
    await this.#test();
    return this.#last.routes;
  }

  /** Announces something, where it is open whether one would hear of it. */
  async #test(): Promise<void> {
    if (this.#hearing.losesPatience()) {
      this.#options.log.warn(
        "notifications_missing",
        `the database's notifications do not come, as behind PgBouncer in transaction or statement mode: the routes are ` +
          `read every ${POLL_MS} ms instead; for notifications connect to the server itself, or in session mode`,
      );
    }
    if (!this.#hearing.isUnknown || !this.#subscription.isListening) return;
    try {
      this.#hearing.announced();
      await this.#options.sql.query("select pg_notify($1::text, $2::text)", [CHANNEL, this.#name]);
    } catch (error) {
      if (!(error instanceof StoreReadOnly)) throw error;
    }
  }

  #lookMs(): number {
    return this.#subscription.isListening && this.#hearing.isGood && !this.#isReadOnly ? LOOK_MS : POLL_MS;
  }

  #heard(payload?: string): void {
    if (payload === undefined) this.#hearing.reset(); // The connection is lost.
    else if (!this.#isReading) this.#hearing.heard();
    const isTest = payload?.startsWith("test ") ?? false;
    if (!isTest) this.#watch.wake();
  }

  #note(found: Fingerprint | undefined): void {
    const isReadOnly = found?.read_only ?? false;
    // A session keeps for its life what it was made with; in recovery it is the server's state that counts.
    if (isReadOnly && !found?.standby && performance.now() - this.#renewedMs > RENEW_MS) {
      this.#renewedMs = performance.now();
      this.#subscription.renew();
    }
    if (isReadOnly === this.#isReadOnly) return;
    this.#isReadOnly = isReadOnly;
    if (isReadOnly) {
      this.#options.log.warn(
        "database_read_only",
        "the routes are read from a database that takes no changes, such as a standby: changes get 503 until it does",
      );
    } else {
      this.#options.sql.renew(); // The sessions that were made before may still refuse changes.
      this.#options.log.info("database_writable", "the database takes changes again");
    }
    if (this.#isUp) this.#options.state(true, isReadOnly);
  }

  #reached(up: boolean): void {
    this.#isUp = up;
    if (up) this.#options.outage.ended();
    else {
      this.#hearing.reset();
      this.#last = undefined; // What is read after an outage is told, even if it is the same.
    }
    this.#options.state(up, this.#isReadOnly);
  }
}
