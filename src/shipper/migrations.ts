import { type Migration, migrationScript as scriptOf } from "../shared/database/migration.ts";
import { FUNCTIONS } from "./functions.ts";

/** Key of the advisory lock, the same for every shipper: "ship" in ASCII. */
const LOCK = 0x73686970;

/**
 * Names that are keys have `collate "C"`, so that every server compares them byte by byte.
 *
 * `grid_end` is the window end on the common grid (multiples of the window length in Unix time). It equals
 * `window_end` unless the row is partial or its aggregator runs without `--align epoch`. Queries of a fleet
 * select by `grid_end`, so it is the partition key.
 */
const TABLES = `
  create table sluice.instances (
    instance text collate "C" primary key,
    labels jsonb not null default '{}',
    started_at timestamptz not null default now()
  );
  create table sluice.positions (
    instance text collate "C" not null,
    file_identity text collate "C" not null,
    file_offset bigint not null check (file_offset >= 0),
    tail text not null, -- fingerprint of the bytes before the offset
    updated_at timestamptz not null default now(),
    primary key (instance, file_identity)
  );
  create table sluice.records (
    instance text collate "C" not null,
    count_type text collate "C" not null,
    window_end timestamptz not null,
    window_seconds integer not null check (window_seconds > 0),
    a1_sum numeric not null,
    a2_max numeric not null,
    a3_min numeric not null,
    partial boolean not null default false,
    empty boolean not null default false,
    messages numeric, -- null: the aggregator runs without --extra messages
    recovered boolean not null default false,
    file_identity text collate "C" not null,
    file_offset bigint not null,
    grid_end timestamptz not null,
    part integer not null default 0, -- number of the row in its window: an overlapping restart writes two
    primary key (instance, file_identity, file_offset, grid_end),
    unique (grid_end, window_seconds, instance, window_end, part)
  ) partition by range (grid_end);
  create table sluice.conflicts (
    like sluice.records including defaults,
    found_at timestamptz not null default now(),
    primary key (instance, file_identity, file_offset)
  );
  create table sluice.rejected_lines (
    instance text collate "C" not null,
    file_identity text collate "C" not null,
    file_offset bigint not null,
    reason text not null,
    line text not null,
    rejected_at timestamptz not null default now(),
    primary key (instance, file_identity, file_offset)
  );
  -- The first and the last window that an instance has of each length.
  create table sluice.seen (
    instance text collate "C" not null,
    window_seconds integer not null,
    first_end timestamptz not null,
    last_end timestamptz not null,
    primary key (instance, window_seconds)
  );
  -- The sums of all instances, a row per window, written by sluice.roll().
  create table sluice.sums (
    window_seconds integer not null,
    window_end timestamptz not null,
    instances integer not null,
    a1_sum numeric not null,
    a2_max numeric, -- null: every instance's window was empty
    a3_min numeric,
    partial_instances integer not null,
    unaligned integer not null,
    messages numeric,
    primary key (window_end, window_seconds)
  );
  -- Time spans [low, high) whose sums may lack rows.
  create table sluice.unsummed (
    id bigint generated always as identity primary key,
    low timestamptz not null,
    high timestamptz not null
  );
`;

/**
 * `fleet_windows` reads `sums` where they are complete, and the records themselves where they are not. One
 * statement sees both in the same state, so no row is missed or counted twice. An instance counts as missing
 * from a window that it has no row for, between its first window and one hour after its last.
 */
const VIEWS = `
  create view sluice.unsummed_windows as
    select w.*
    from unnest((select range_agg(tstzrange(low, high)) from sluice.unsummed)) as span
    -- Lateral, so that each span reads only its own records, not all of the time asked for.
    cross join lateral (
      select r.window_seconds, r.grid_end as window_end,
        count(distinct r.instance)::int as instances,
        sum(r.a1_sum) as a1_sum,
        max(r.a2_max) filter (where not r.empty) as a2_max,
        min(r.a3_min) filter (where not r.empty) as a3_min,
        count(distinct r.instance) filter (where r.partial)::int as partial_instances,
        count(*) filter (where not r.partial and r.window_end <> r.grid_end)::int as unaligned,
        sum(r.messages) as messages
      from sluice.records r
      where r.grid_end >= lower(span) and r.grid_end < upper(span)
      group by r.window_seconds, r.grid_end
    ) w;
  create view sluice.fleet_windows as
    -- Materialized: computed once, not for each window.
    with k as materialized (
      select window_seconds, array_agg(first_end order by first_end) as first_ends,
        array_agg(last_end order by last_end) as last_ends
      from sluice.seen group by window_seconds
    )
    select w.window_seconds || 's' as count_type, w.window_end, w.instances, w.a1_sum,
      coalesce(w.a2_max, 0) as a2_max, coalesce(w.a3_min, 0) as a3_min, w.partial_instances,
      greatest(0, coalesce(
        width_bucket(w.window_end, k.first_ends)
          - width_bucket(w.window_end - interval '1 hour 1 microsecond', k.last_ends), 0
      ) - w.instances) as missing_instances,
      w.unaligned, w.messages, w.window_seconds
    from (
      select * from sluice.sums
      where not coalesce(window_end <@ (select range_agg(tstzrange(low, high)) from sluice.unsummed), false)
      union all
      select * from sluice.unsummed_windows
    ) w
    left join k using (window_seconds);
`;

export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: "records of a fleet", sql: TABLES + FUNCTIONS + VIEWS },
];

/** Returns the SQL that brings a database from any earlier schema to the current one. */
export const migrationScript = (migrations = MIGRATIONS): string => scriptOf("sluice", LOCK, migrations);
