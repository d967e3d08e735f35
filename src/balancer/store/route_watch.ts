import type { Log } from "../../shared/log.ts";
import type { Route } from "../choose/routing.ts";
import { Hearing } from "./hearing.ts";
import { CHANNEL } from "./migrations.ts";
import type { Outage } from "../../shared/database/outage.ts";
import { type RouteRow, toRoute } from "./rows.ts";
import type { Sql, Subscription } from "../../shared/database/sql.ts";
import { StoreReadOnly, StoreUnavailable } from "./store.ts";
import { Watch } from "./watch.ts";

/** Between two looks where notifications come: a dead connection is found out by it. */
const LOOK_MS = 10_000;
/** Between two looks where they do not, so that a change is in force within 250 ms all the same. */
const POLL_MS = 200;
/** Between two sessions where one is not allowed to write, to see whether the next one is. */
const RENEW_MS = 1_000;

/**
 * The routes of each part of the table that is another one than before, and no more than its name of each other part:
 * of 20,000 routes a change reads some 80. A part is what has the same last bits in the hash of its cluster, and what
 * tells one state of it from another is a hash as well; xmin is new with each write. In one statement, so that what
 * was changed together is seen together.
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

/** One route of a part, or the part alone where it is as before; or neither, where there are no routes. */
type ChangeRow = (RouteRow | { cluster: null }) & {
  read_only: boolean;
  standby: boolean;
  part: number | null;
  hash: string;
};

/** The routes of one part, and what they were known by when they were read. */
interface Part {
  readonly hash: string;
  readonly routes: readonly Route[];
}

export interface RouteWatchOptions {
  readonly sql: Sql;
  readonly log: Log;
  readonly outage: Outage;
  /** Brings the schema up to date. */
  readonly ready: () => Promise<void>;
  readonly changed: (routes: Route[]) => void;
  readonly state: (up: boolean, isReadOnly: boolean) => void;
  /** Reads what operators want, which is announced on the same channel. */
  readonly readOverrides?: () => Promise<void>;
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
  /** One reading of the overrides after the other. */
  #overridesRead = Promise.resolve();
  #isOverrideReadWaiting = false;
  #areOverridesUnread = false;
  #parts: ReadonlyMap<number, Part> = new Map();
  /** All of them, in no order; another array only when they are other routes. */
  #routes: Route[] | undefined;

  constructor(options: RouteWatchOptions) {
    this.#options = options;
    this.#subscription = options.sql.listen(CHANNEL, (payload) => this.#heard(payload));
    this.#watch = new Watch({
      read: () => this.#read(),
      differs: (one, other) => one !== other,
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

  /** A change of one's own is about to be made; what this returns is to be called once it was. */
  announcing(): () => void {
    const announced = this.#hearing.announcing();
    return () => {
      if (announced()) this.#watch.wake();
    };
  }

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
      this.#note(found[0]!);
    } finally {
      this.#isReading = false;
    }
    // At the start both are known before anybody is answered; later no change of a route waits for the other reading.
    const overridesRead = this.#readOverrides();
    if (isFirst) await overridesRead;
    await this.#test();
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

  /** Never rejects: without what operators want the routes are followed all the same, and it is tried again. */
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
        const isNews = !this.#areOverridesUnread && !(error instanceof StoreUnavailable);
        this.#areOverridesUnread = true;
        if (isNews) {
          log.error("overrides_unread", "what operators want can't be read; it stays as it was", { error });
        }
      }
    });
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
    const isTold = this.#subscription.isListening && this.#hearing.isGood && !this.#isReadOnly;
    return isTold && !this.#areOverridesUnread ? LOOK_MS : POLL_MS;
  }

  #heard(payload?: string): void {
    if (payload === undefined) this.#hearing.reset(); // The connection is lost.
    else this.#hearing.heard({ isAnswerOwed: this.#isReading });
    const isTest = payload?.startsWith("test ") ?? false;
    if (!isTest) this.#watch.wake();
  }

  #note({ read_only: isReadOnly, standby }: ChangeRow): void {
    // A session keeps for its life what it was made with; in recovery it is the server's state that counts.
    if (isReadOnly && !standby && performance.now() - this.#renewedMs > RENEW_MS) {
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
      // The database that comes back may be another one, with the same numbers of transactions for other writes.
      this.#parts = new Map();
      this.#routes = undefined;
    }
    this.#options.state(up, this.#isReadOnly);
  }
}
