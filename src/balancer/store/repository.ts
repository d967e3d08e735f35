import type { Log } from "../../shared/log.ts";
import type { ForcedState, Override } from "../routes/override.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";
import { migrationScript } from "./migrations.ts";
import { Outage } from "../../shared/database/outage.ts";
import { OverrideTable } from "./overrides.ts";
import { RouteWatch } from "./route_watch.ts";
import {
  isoTime,
  type RouteRow,
  ROUTES,
  settingsJson,
  toRoute,
  toSettings,
  type VersionRow,
} from "./rows.ts";
import { type Sql, within } from "../../shared/database/sql.ts";
import { type RouteVersion, type Store, StoreReadOnly, StoreUnavailable } from "./store.ts";

/** How long a caller waits at most for the schema to be ready. */
const READY_MS = 2_000;

/**
 * The statement that writes a new version and updates the route, once for each row of the query `guard`.
 *
 * The primary key of the versions replaces a lock. A writer that read version n inserts version n + 1. If
 * several writers do so, only one succeeds; for the others the conflict leaves no row, and nothing else
 * happens. So no lock is ever held by a client that may have lost its connection.
 */
const writeVersion = (guard: string) => `
  with guard as (${guard}),
  version as (
    insert into balancer.route_versions (cluster, version, author, before, after)
    select $1, $2::int, $3, $4::text::jsonb, $5::text::jsonb from guard
    on conflict do nothing
    returning *
  ),
  removed as (
    delete from balancer.routes using version where routes.cluster = version.cluster and version.after is null
  ),
  stored as (
    insert into balancer.routes
      (cluster, cdn_host, cdn_weight, origin_weight, origin_port, options, version, updated_at, updated_by)
    select cluster, after ->> 'cdn_host', (after ->> 'cdn_weight')::int, (after ->> 'origin_weight')::int,
      (after ->> 'origin_port')::int, after -> 'options', version, changed_at, author
    from version where after is not null
    on conflict (cluster) do update set cdn_host = excluded.cdn_host, cdn_weight = excluded.cdn_weight,
      origin_weight = excluded.origin_weight, origin_port = excluded.origin_port,
      options = excluded.options, version = excluded.version, updated_at = excluded.updated_at, updated_by = excluded.updated_by
  )
  select changed_at from version`;

const CHANGE = writeVersion("select");
const SEED = writeVersion(`
  insert into balancer.seeded select true where not exists (select from balancer.route_versions)
  on conflict do nothing returning true`);

/**
 * The store in a PostgreSQL database. It migrates the schema before the first query, once the database can be
 * reached.
 */
export class Repository implements Store {
  readonly #sql: Sql;
  readonly #log: Log;
  readonly #outage: Outage;
  readonly #overrides = new OverrideTable((text, parameters) => this.#query(text, parameters));
  #migrated: Promise<void> | undefined;
  #watch: RouteWatch | undefined;

  constructor(sql: Sql, log: Log) {
    this.#sql = sql;
    this.#log = log;
    this.#outage = new Outage(log, {
      down: "the database can't be used: redirects continue with the last known routes",
      up: "the database answers: routes are read from it",
    });
  }

  async routes(): Promise<Route[]> {
    return (await this.#query<RouteRow>(ROUTES)).map(toRoute);
  }

  async route(cluster: string): Promise<Route | undefined> {
    const [row] = await this.#query<RouteRow>("select * from balancer.routes where cluster = $1", [cluster]);
    return row && toRoute(row);
  }

  async change(
    cluster: string,
    by: string,
    to: (current: Route | undefined) => RouteSettings | null,
  ): Promise<{ before: Route | undefined; after: Route | undefined }> {
    for (;;) { // Repeats only if another change was made in between.
      const { latest, before } = await this.#latest(cluster);
      const settings = to(before);
      if (settings === null && before === undefined) return { before, after: undefined };
      const version = latest + 1;
      const updatedAt = await this.#write(CHANGE, cluster, version, by, before ?? null, settings);
      if (updatedAt === undefined) continue;
      return {
        before,
        after: settings === null ? undefined : { ...settings, cluster, version, updatedAt, updatedBy: by },
      };
    }
  }

  async history(
    cluster: string,
    { before, limit }: { before?: number; limit: number },
  ): Promise<RouteVersion[]> {
    const rows = await this.#query<VersionRow>(
      `select version, changed_at, author, before, after from balancer.route_versions
       where cluster = $1 and ($2::bigint is null or version < $2::bigint) order by version desc limit $3::bigint`,
      [cluster, before ?? null, limit],
    );
    return rows.map((row) => ({
      version: row.version,
      at: isoTime(row.changed_at),
      by: row.author,
      before: row.before && toSettings(row.before),
      after: row.after && toSettings(row.after),
    }));
  }

  async seed({ cluster, ...settings }: RouteSettings & { cluster: string }, by: string): Promise<boolean> {
    try {
      return await this.#write(SEED, cluster, 1, by, null, settings) !== undefined;
    } catch (error) {
      // This runs before the watch starts, so it is the first to see why the database can't be used.
      if (error instanceof StoreUnavailable && !(error instanceof StoreReadOnly)) this.#outage.goesOn(error);
      throw error;
    }
  }

  async watch(
    changed: (routes: Route[]) => void,
    state: (up: boolean, isReadOnly: boolean) => void,
    overridden: (overrides: Override[]) => void = () => {},
  ): Promise<void> {
    this.#watch = new RouteWatch({
      sql: this.#sql,
      log: this.#log,
      outage: this.#outage,
      ready: () => this.#ready(),
      changed: (routes) => this.#pass(routes, changed),
      state,
      readOverrides: async () => overridden(await this.#overrides.read()),
    });
    await this.#watch.tried;
  }

  async override(
    cluster: string,
    name: string,
    by: string,
    to: { readonly state: ForcedState; readonly forS: number },
  ): Promise<Override> {
    const announced = this.#watch?.announcing();
    const made = await this.#overrides.set(cluster, name, by, to);
    announced?.();
    return made;
  }

  async removeOverride(cluster: string, name: string): Promise<Override | undefined> {
    const announced = this.#watch?.announcing();
    const removed = await this.#overrides.remove(cluster, name);
    announced?.();
    return removed;
  }

  async close(): Promise<void> {
    const stopped = this.#watch?.stop();
    await this.#sql.close();
    await stopped;
  }

  /**
   * Waits until the schema is up to date. Concurrent callers share one attempt; after a failure the next
   * caller retries.
   */
  async #ready(): Promise<void> {
    this.#migrated ??= this.#sql.exec(migrationScript()).catch((error) => {
      this.#migrated = undefined;
      throw error;
    });
    await within(READY_MS, this.#migrated);
  }

  async #query<Row>(text: string, parameters: Parameters<Sql["query"]>[1] = []): Promise<Row[]> {
    await this.#ready();
    return await this.#sql.query<Row>(text, parameters);
  }

  /** The route, and the number of its latest version; 0: the cluster never had a route. */
  async #latest(cluster: string): Promise<{ latest: number; before: Route | undefined }> {
    const [row] = await this.#query<{ latest: number } & (RouteRow | { cluster: null })>(
      `select (select coalesce(max(version), 0) from balancer.route_versions where cluster = $1) as latest, routes.*
       from (select) as one left join balancer.routes on routes.cluster = $1`,
      [cluster],
    );
    return { latest: row!.latest, before: row!.cluster === null ? undefined : toRoute(row as RouteRow) };
  }

  /**
   * Writes a version. Returns its time; undefined: the guard of `statement` or a concurrent change prevented
   * it.
   */
  async #write(
    statement: string,
    cluster: string,
    version: number,
    by: string,
    before: RouteSettings | null,
    after: RouteSettings | null,
  ): Promise<string | undefined> {
    const parameters = [cluster, version, by, settingsJson(before), settingsJson(after)];
    const announced = this.#watch?.announcing();
    const [row] = await this.#query<{ changed_at: Date }>(statement, parameters);
    if (row) announced?.();
    return row?.changed_at.toISOString();
  }

  #pass(routes: Route[], changed: (routes: Route[]) => void): void {
    try {
      changed(routes);
    } catch (error) {
      // The API accepts no such routes; a change by hand may have made them.
      this.#log.error(
        "routes_refused",
        "the routes in the database can't be used: fix what was changed by hand",
        {
          error,
        },
      );
    }
  }
}
