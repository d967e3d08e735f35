import { type Migration, migrationScript as scriptOf } from "../../shared/database/migration.ts";

/** The channel on which every instance of the database is notified of changes of routes and overrides. */
export const CHANNEL = "balancer_routes";

export const MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: "routes and their versions",
    sql: `
      create table balancer.routes (
        cluster text primary key,
        cdn_host text not null,
        cdn_weight integer not null check (cdn_weight between 0 and 1000000),
        origin_weight integer not null check (origin_weight between 0 and 1000000),
        origin_port integer check (origin_port between 1 and 65535),
        version integer not null check (version > 0),
        updated_at timestamptz not null,
        updated_by text not null,
        check (cdn_weight + origin_weight > 0)
      );
      create table balancer.route_versions (
        cluster text not null,
        version integer not null check (version > 0),
        changed_at timestamptz not null default now(),
        author text not null,
        before jsonb, -- null: there was no route
        after jsonb, -- null: the route was removed
        primary key (cluster, version)
      );
      -- Holds a row once the first route was created, so that no two instances create one each.
      create table balancer.seeded (
        once boolean primary key default true check (once)
      );
      -- A trigger, so that changes made by hand are announced as well.
      create function balancer.announce_routes() returns trigger language plpgsql as $announce$
      begin
        perform pg_notify('${CHANNEL}', '');
        return null;
      end
      $announce$;
      create trigger announce after insert or update or delete or truncate on balancer.routes
        for each statement execute function balancer.announce_routes();
    `,
  },
  {
    number: 2,
    name: "options of routes",
    // Versions before 0.2.0 ignore this column. For them, cdn_host and cdn_weight hold the short form of
    // several CDNs.
    sql: `
      alter table balancer.routes
        add column options jsonb check (jsonb_typeof(options) = 'object'); -- null: there are none
    `,
  },
  {
    number: 3,
    name: "what operators want of destinations, for a time",
    sql: `
      create table balancer.overrides (
        cluster text not null,
        name text not null, -- of a destination, or server:NAME
        state text not null check (state in ('up', 'down', 'drain')),
        author text not null,
        since timestamptz not null check (isfinite(since)),
        expires_at timestamptz not null check (isfinite(expires_at)),
        primary key (cluster, name),
        check (name not like 'server:%' or state = 'drain')
      );
      create trigger announce after insert or update or delete or truncate on balancer.overrides
        for each statement execute function balancer.announce_routes();
    `,
  },
];

/** The number of the advisory lock, which must be the same in every instance: the ASCII codes of "route". */
const LOCK = 0x726f757465;

/** The SQL script that brings a database from any earlier schema to that of `migrations`. */
export const migrationScript = (migrations = MIGRATIONS): string => scriptOf("balancer", LOCK, migrations);
