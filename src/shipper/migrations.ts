import { type Migration, migrationScript as scriptOf } from "../shared/database/migration.ts";
import { FUNCTIONS } from "./functions.ts";

/** Any number, as long as every shipper has the same: the ASCII codes of "ship". */
const LOCK = 0x73686970;

/**
 * `collate "C"` where a name is a key: byte by byte is how they are compared, on every server.
 * `grid_end` is the end of the window in multiples of Unix time that a row belongs to: `window_end` itself unless the
 * row is partial or its aggregator does not align. What is asked of a fleet is asked by it, so it makes the partitions.
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
    tail text not null, -- fingerprint of what stands before the offset
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
    messages numeric, -- null: the aggregator does not say
    recovered boolean not null default false,
    file_identity text collate "C" not null,
    file_offset bigint not null,
    grid_end timestamptz not null,
    part integer not null default 0, -- counts the rows of one window: an overlapping restart makes two
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
  -- What a view of many instances would add up each time: a row a window, made by sluice.roll().
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
  -- The times of which sums may lack rows: [low, high).
  create table sluice.unsummed (
    id bigint generated always as identity primary key,
    low timestamptz not null,
    high timestamptz not null
  );
`;

/**
 * Sums where they are complete, and the records themselves where they are not: one statement sees one state of both.
 * An instance is missing from a window which lies between its first and an hour after its last one.
 */
const VIEWS = `
  create view sluice.unsummed_windows as
    select w.*
    from unnest((select range_agg(tstzrange(low, high)) from sluice.unsummed)) as span
    -- Span by span: joined, the records of the whole hour asked for would be looked through for those in a span.
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
    -- Once, and not for each window.
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

/** What brings a database from any earlier schema to this one. */
export const migrationScript = (migrations = MIGRATIONS): string => scriptOf("sluice", LOCK, migrations);
