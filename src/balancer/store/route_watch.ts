import type { Log } from "../../shared/log.ts";
import type { Route } from "../choose/routing.ts";
import { Hearing } from "./hearing.ts";
import { CHANNEL } from "./migrations.ts";
import type { Outage } from "../../shared/database/outage.ts";
import { type RouteRow, toRoute } from "./rows.ts";
import type { Sql, Subscription } from "../../shared/database/sql.ts";
import { StoreReadOnly, StoreUnavailable } from "./store.ts";
import { Watch } from "./watch.ts";

/** How often to read while notifications arrive, to find out that a connection is dead. */
const REREAD_MS = 10_000;
/** How often to read while no notifications arrive, so that a change is still in force within 250 ms. */
const POLL_MS = 200;
/** How often to open a new session while the current one must not write, to see whether a new one may. */
const RENEW_MS = 1_000;

/**
 * Reads the routes that may have changed. The table is divided into 256 parts by the last 8 bits of the hash
 * of the cluster's name. Of each part whose own hash has changed, all routes are read; of every other part
 * only number and hash. So a change among 20,000 routes reads some 80. The hash of a part covers xmin, which
 * every write of a row changes. It is one statement, so that changes made in one transaction are seen
 * together.
 */
const CHANGES = `
  with session as (
    select current_setting('transaction_read_only')::bool as read_only, pg_is_in_recovery() as standby
  ),
  parts as (
    select hashtext(cluster) & 255 as part,
      count(*) || ' ' || sum(hashtextextended(cluster || ' ' || xmin::text, 0)) as hash
    from balancer.routes group by hashtext(cluster) & 255
  )
  select session.*, parts.*, routes.*
  from session left join parts on true left join balancer.routes
    on hashtext(routes.cluster) & 255 = part and ($1::text::jsonb ->> part::text) is distinct from hash`;

/** A route and its part; or only the part, if that is unchanged; or neither, if there are no routes. */
type ChangeRow = (RouteRow | { cluster: null }) & {
  read_only: boolean;
  standby: boolean;
  part: number | null;
  hash: string;
};

/** The routes of one part, and the hash of the part when they were read. */
interface Part {
  readonly hash: string;
  readonly routes: readonly Route[];
}

export interface RouteWatchOptions {
  readonly sql: Sql;
  readonly log: Log;
  readonly outage: Outage;
  /** Waits until the schema is up to date. */
  readonly ready: () => Promise<void>;
  /** Called with all routes when they have changed. */
  readonly changed: (routes: Route[]) => void;
  /** Called when the database goes up or down, or starts or stops taking changes. */
  readonly state: (up: boolean, isReadOnly: boolean) => void;
  /** Reads the overrides, which are announced on the same channel. */
  readonly readOverrides?: () => Promise<void>;
}

/** Follows the routes and overrides in the database: by notifications or, if none arrive, by polling. */
export class RouteWatch {
  readonly #options: RouteWatchOptions;
  readonly #subscription: Subscription;
  readonly #watch: Watch<Route[]>;
  readonly #hearing = new Hearing();
  /** The payload of this instance's test notifications, which distinguishes them from those of changes. */
  readonly #name = `test ${crypto.randomUUID()}`;
  #isReading = false;
  #isUp = false;
  #isReadOnly = false;
  #renewedMs = -Infinity;
  /** The last read of the overrides; reads run one after the other. */
  #overridesRead = Promise.resolve();
  #isOverrideReadWaiting = false;
  #areOverridesUnread = false;
  #parts: ReadonlyMap<number, Part> = new Map();
  /** All routes, in no particular order. The same array until a route changes. */
  #routes: Route[] | undefined;

  constructor(options: RouteWatchOptions) {
    this.#options = options;
    this.#subscription = options.sql.listen(CHANNEL, (payload) => this.#heard(payload));
    this.#watch = new Watch({
      read: () => this.#read(),
      differs: (one, other) => one !== other,
      rereadMs: () => this.#rereadMs(),
      changed: options.changed,
      failed: (reason) => options.outage.goesOn(reason),
      reached: (up) => this.#reached(up),
    });
  }

  /** Resolves after the first attempt to read, whether or not it succeeded. */
  get tried(): Promise<void> {
    return this.#watch.tried;
  }

  /**
   * This instance is about to make a change.
   *
   * @returns a function to call once the change was made
   */
  announcing(): () => void {
    const announced = this.#hearing.announcing();
    return () => {
      if (announced()) this.#watch.wake();
    };
  }

  /** Stops following. Resolves when the reads in progress are over. */
  async stop(): Promise<void> {
    await this.#watch.stop();
    await this.#overridesRead;
  }

  async #read(): Promise<Route[]> {
    let isFirst = false;
    this.#isReading = true;
    try {
      await this.#options.ready();
      isFirst = this.#routes === undefined;
      const hashes = Object.fromEntries([...this.#parts].map(([part, { hash }]) => [part, hash]));
      const found = await this.#subscription.query<ChangeRow>(CHANGES, [JSON.stringify(hashes)]);
      this.#update(found);
      this.#updateReadOnly(found[0]!);
    } finally {
      this.#isReading = false;
    }
    // At the start, overrides must be known before the first answer. Later, a change of routes does not wait
    // for them.
    const overridesRead = this.#readOverrides();
    if (isFirst) await overridesRead;
    await this.#testNotifications();
    return this.#routes!;
  }

  #update(found: readonly ChangeRow[]): void {
    const before = this.#parts;
    const parts = new Map<number, Part>();
    for (const [part, rows] of Map.groupBy(found, ({ part }) => part)) {
      if (part === null) continue;
      const { hash } = rows[0]!;
      const known = before.get(part);
      const isSame = known?.hash === hash;
      parts.set(part, isSame ? known : { hash, routes: rows.map((row) => toRoute(row as RouteRow)) });
    }
    this.#parts = parts;
    const isSame = parts.size === before.size && [...parts].every(([part, it]) => before.get(part) === it);
    if (isSame && this.#routes !== undefined) return;
    this.#routes = [...parts.values()].flatMap(({ routes }) => routes);
  }

  /**
   * Reads the overrides. Never rejects: if it fails, the routes are still followed, and the next read
   * retries.
   */
  #readOverrides(): Promise<void> {
    const { readOverrides, log } = this.#options;
    if (readOverrides === undefined || this.#isOverrideReadWaiting) return this.#overridesRead;
    this.#isOverrideReadWaiting = true;
    return this.#overridesRead = this.#overridesRead.then(async () => {
      this.#isOverrideReadWaiting = false;
      try {
        await readOverrides();
        this.#areOverridesUnread = false;
      } catch (error) {
        const mustLog = !this.#areOverridesUnread && !(error instanceof StoreUnavailable);
        this.#areOverridesUnread = true;
        if (mustLog) {
          log.error("overrides_unread", "overrides can't be read; the last known ones stay in force", {
            error,
          });
        }
      }
    });
  }

  /** Sends a test notification if it is not known whether notifications arrive. */
  async #testNotifications(): Promise<void> {
    if (this.#hearing.losesPatience()) {
      this.#options.log.warn(
        "notifications_missing",
        "no notifications of the database arrive, as behind PgBouncer in transaction or statement mode: " +
          `routes are read every ${POLL_MS} ms instead; to get notifications, connect to the server itself ` +
          "or use session mode",
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

  #rereadMs(): number {
    const isNotified = this.#subscription.isListening && this.#hearing.isGood && !this.#isReadOnly;
    return isNotified && !this.#areOverridesUnread ? REREAD_MS : POLL_MS;
  }

  #heard(payload?: string): void {
    if (payload === undefined) this.#hearing.reset(); // The connection was lost.
    else this.#hearing.heard({ isAnswerOwed: this.#isReading });
    const isTest = payload?.startsWith("test ") ?? false;
    if (!isTest) this.#watch.wake();
  }

  #updateReadOnly({ read_only: isReadOnly, standby }: ChangeRow): void {
    // A session keeps the setting it was opened with, so only a new one can show a change. On a standby, the
    // server's state counts instead.
    if (isReadOnly && !standby && performance.now() - this.#renewedMs > RENEW_MS) {
      this.#renewedMs = performance.now();
      this.#subscription.renew();
    }
    if (isReadOnly === this.#isReadOnly) return;
    this.#isReadOnly = isReadOnly;
    if (isReadOnly) {
      this.#options.log.warn(
        "database_read_only",
        "the database takes no changes, for example as a standby: redirects continue, changes get 503",
      );
    } else {
      this.#options.sql.renew(); // Sessions opened before may still refuse changes.
      this.#options.log.info("database_writable", "the database takes changes again");
    }
    if (this.#isUp) this.#options.state(true, isReadOnly);
  }

  #reached(up: boolean): void {
    this.#isUp = up;
    if (up) this.#options.outage.ended();
    else {
      this.#hearing.reset();
      // After the outage it may be another database, where the same xmin belongs to another write.
      this.#parts = new Map();
      this.#routes = undefined;
    }
    this.#options.state(up, this.#isReadOnly);
  }
}
