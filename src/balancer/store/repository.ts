import type { Log } from "../../shared/log.ts";
import type { ForcedState, Override } from "../routes/override.ts";
import type { Route, RouteSettings } from "../choose/routing.ts";
import { migrationScript } from "./migrations.ts";
import { Outage } from "../../shared/database/outage.ts";
import { OverrideTable } from "./overrides.ts";
import { RouteWatch } from "./route_watch.ts";
import { isoTime, type RouteRow, ROUTES, toJson, toRoute, toSettings, type VersionRow } from "./rows.ts";
import { type Sql, within } from "../../shared/database/sql.ts";
import { type RouteVersion, type Store, StoreReadOnly, StoreUnavailable } from "./store.ts";

/** The longest that a caller waits for the schema to be ready. */
const READY_MS = 2_000;

/**
 * A new version and what follows from it, for each row of the query `guard`, in one statement.
 *
 * The primary key of the versions does the work of a lock. Whoever read version n writes n + 1, and of several only
 * one can: for the others the conflict leaves no row, and nothing follows. So no lock waits for a client, which may
 * have been cut off.
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

/** The routes in a database. Brings its schema up to date before anything else, as soon as it can be reached. */
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
      down: "going on with the last known routes until it is back",
      up: "the routes are read from the database",
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
    for (;;) { // Comes round again only when a change by somebody else was made meanwhile.
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
      // Asked before there is a watch, and so the first to see why the database can't be used.
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
      changed: (routes) => this.#tell(routes, changed),
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

  /** The schema is up to date. Callers at the same time share one attempt; the one after a failure tries again. */
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

  /** The route, and the number of its latest version: 0 when there never was one. */
  async #latest(cluster: string): Promise<{ latest: number; before: Route | undefined }> {
    const [row] = await this.#query<{ latest: number } & (RouteRow | { cluster: null })>(
      `select (select coalesce(max(version), 0) from balancer.route_versions where cluster = $1) as latest, routes.*
       from (select) as one left join balancer.routes on routes.cluster = $1`,
      [cluster],
    );
    return { latest: row!.latest, before: row!.cluster === null ? undefined : toRoute(row as RouteRow) };
  }

  /** The time of the change, or undefined when the guard of `statement` or another change was in the way. */
  async #write(
    statement: string,
    cluster: string,
    version: number,
    by: string,
    before: RouteSettings | null,
    after: RouteSettings | null,
  ): Promise<string | undefined> {
    const parameters = [cluster, version, by, toJson(before), toJson(after)];
    const announced = this.#watch?.announcing();
    const [row] = await this.#query<{ changed_at: Date }>(statement, parameters);
    if (row) announced?.();
    return row?.changed_at.toISOString();
  }

  #tell(routes: Route[], changed: (routes: Route[]) => void): void {
    try {
      changed(routes);
    } catch (error) {
      // The API lets no such route in; a change by hand may.
      this.#log.error(
        "routes_refused",
        "the routes in the database can't be used; mend what was changed by hand",
        {
          error,
        },
      );
    }
  }
}
