/** SQLSTATE of `sluice.advance` if the position in the database is not where the batch begins. */
export const POSITION_MOVED = "22SL1";

/** Keys of the advisory locks, the same for every shipper: "day", "sum" and "keep" in ASCII. */
const [DAY_LOCK, SUM_LOCK, KEEP_LOCK] = [0x646179, 0x73756d, 0x6b656570];

/**
 * The SQL functions of the schema.
 *
 * `advance` begins the transaction of every batch. It moves the position of the file from `from_offset`,
 * where the shipper expects it, to `to_offset`, or fails. Its row lock makes another shipper that moves the
 * same position wait until this transaction ends. `batch` is JSON:
 *
 *     {"seen":[[10,1795304530,1795304540]],"spans":[[1795304520,1795304580]],"rejected":[[4711,"syntax","…"]]}
 *
 * `seen` has each window length with the ends of its first and last window, `spans` the time spans to sum
 * again, and `rejected` the offset, the reason and the text of each line that is not a record.
 *
 * `add_records` is the slow path, for a batch of which some rows may be in the database already:
 * - the same row from another file (a copy of it) is passed over;
 * - a second row for a window from the same file comes from an overlapping restart, and counts;
 * - a different row from another file goes to `sluice.conflicts`.
 *
 * `roll` deletes marks of `sluice.unsummed` and sums the spans that they cover. It sees every row whose mark
 * it deleted. It may also see newer rows, whose marks are still there: the next run sums those spans again.
 */
export const FUNCTIONS = `
  create function sluice.advance(
    of_instance text, identity text, from_offset bigint, to_offset bigint, new_tail text, batch jsonb
  ) returns void language plpgsql as $advance$
  begin
    if from_offset = 0 then
      insert into sluice.positions values (of_instance, identity, to_offset, new_tail) on conflict do nothing;
    else
      update sluice.positions set file_offset = to_offset, tail = new_tail, updated_at = now()
      where instance = of_instance and file_identity = identity and file_offset = from_offset;
    end if;
    if not found then
      raise exception 'the position of % is not % any more', identity, from_offset using errcode = '${POSITION_MOVED}';
    end if;
    insert into sluice.seen
      select of_instance, (s ->> 0)::int, to_timestamp((s ->> 1)::bigint), to_timestamp((s ->> 2)::bigint)
      from jsonb_array_elements(batch -> 'seen') s
    on conflict (instance, window_seconds) do update set
      first_end = least(seen.first_end, excluded.first_end), last_end = greatest(seen.last_end, excluded.last_end);
    insert into sluice.unsummed (low, high)
      select to_timestamp((s ->> 0)::bigint), to_timestamp((s ->> 1)::bigint)
      from jsonb_array_elements(batch -> 'spans') s;
    insert into sluice.rejected_lines
      select of_instance, identity, (r ->> 0)::bigint, r ->> 1, r ->> 2
      from jsonb_array_elements(batch -> 'rejected') r
    on conflict do nothing;
  end $advance$;

  create function sluice.add_records(
    of_instance text, identity text, offsets bigint[], seconds int[], ends bigint[], grid_ends bigint[],
    sums numeric[], maxs numeric[], mins numeric[], partials boolean[], empties boolean[], counts numeric[],
    recovereds boolean[]
  ) returns table (inserted int, repeated int, conflicts int, first_conflict bigint) language plpgsql as $add$
  declare
    todo bigint[];
  begin
    create temp table if not exists sluice_batch (like sluice.records including defaults) on commit delete rows;
    truncate sluice_batch;
    insert into sluice_batch
      select of_instance, i.seconds || 's', to_timestamp(i.ends), i.seconds, i.sums, i.maxs, i.mins, i.partials,
        i.empties, i.counts, i.recovereds, identity, i.offsets, to_timestamp(i.grid_ends), 0
      from unnest(offsets, seconds, ends, grid_ends, sums, maxs, mins, partials, empties, counts, recovereds)
        as i(offsets, seconds, ends, grid_ends, sums, maxs, mins, partials, empties, counts, recovereds);
    with added as (
      insert into sluice.records select * from sluice_batch order by file_offset on conflict do nothing
      returning file_offset
    )
    select coalesce(array_agg(file_offset), '{}') into todo from added;
    inserted := cardinality(todo);
    delete from sluice_batch where file_offset = any(todo);
    -- Second rows for a window from the same file.
    with there as (
      select r.grid_end, r.window_seconds, r.window_end, max(r.part) as part,
        array_agg(r.file_offset) as offsets, bool_and(r.file_identity = identity) as is_same
      from sluice_batch b join sluice.records r using (grid_end, window_seconds, instance, window_end)
      group by r.grid_end, r.window_seconds, r.window_end
    ), added as (
      insert into sluice.records
        select b.instance, b.count_type, b.window_end, b.window_seconds, b.a1_sum, b.a2_max, b.a3_min, b.partial,
          b.empty, b.messages, b.recovered, b.file_identity, b.file_offset, b.grid_end,
          t.part + row_number() over (
            partition by b.grid_end, b.window_seconds, b.window_end order by b.file_offset
          )
        from sluice_batch b join there t using (grid_end, window_seconds, window_end)
        where t.is_same and b.file_offset <> all (t.offsets)
      on conflict do nothing
      returning file_offset
    )
    select coalesce(array_agg(file_offset), '{}') into todo from added;
    inserted := inserted + cardinality(todo);
    delete from sluice_batch where file_offset = any(todo);
    with other as (
      insert into sluice.conflicts
        select b.* from sluice_batch b
        where not exists (
          select from sluice.records r
          where r.grid_end = b.grid_end and r.window_seconds = b.window_seconds and r.instance = b.instance
            and r.window_end = b.window_end
            and (r.a1_sum, r.a2_max, r.a3_min, r.partial) = (b.a1_sum, b.a2_max, b.a3_min, b.partial)
        )
      on conflict do nothing
      returning file_offset
    )
    select count(*), min(file_offset) into conflicts, first_conflict from other;
    select count(*) - conflicts into repeated from sluice_batch;
    return next;
  end $add$;

  create function sluice.add_days(days date[]) returns void language plpgsql as $days$
  declare
    d date;
    name text;
  begin
    foreach d in array days loop
      name := 'records_' || to_char(d, 'YYYYMMDD');
      continue when to_regclass('sluice.' || name) is not null;
      perform pg_advisory_xact_lock(${DAY_LOCK});
      -- Another session may have created it before this one got the lock. To call to_regclass again would not
      -- show that: an advisory lock does not refresh a session's view of the catalog.
      begin
        execute format('create table sluice.%I partition of sluice.records for values from (%L) to (%L)',
          name, to_char(d, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(d + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
      exception when duplicate_table then null;
      end;
    end loop;
  end $days$;

  -- Returns how many marks it deleted; 0 also while another session is summing.
  create function sluice.roll(marks_max int) returns int language plpgsql as $roll$
  declare
    taken int;
    spans tstzrange[];
    span tstzrange;
  begin
    if not pg_try_advisory_xact_lock(${SUM_LOCK}) then
      return 0;
    end if;
    with marks as (
      delete from sluice.unsummed where id in (select id from sluice.unsummed order by id limit marks_max)
      returning low, high
    )
    select count(*), array_agg(distinct tstzrange(low, high)) into taken, spans from marks;
    -- One span per statement: its bounds let PostgreSQL skip the partitions of other days, and an hour of
    -- 1,000 instances is sorted in memory, where 100 hours would not fit.
    foreach span in array coalesce(spans, '{}') loop
      insert into sluice.sums
        select r.window_seconds, r.grid_end, count(distinct r.instance), sum(r.a1_sum),
          max(r.a2_max) filter (where not r.empty), min(r.a3_min) filter (where not r.empty),
          count(distinct r.instance) filter (where r.partial),
          count(*) filter (where not r.partial and r.window_end <> r.grid_end), sum(r.messages)
        from sluice.records r where r.grid_end >= lower(span) and r.grid_end < upper(span)
        group by r.window_seconds, r.grid_end
      on conflict (window_end, window_seconds) do update set instances = excluded.instances,
        a1_sum = excluded.a1_sum, a2_max = excluded.a2_max, a3_min = excluded.a3_min,
        partial_instances = excluded.partial_instances, unaligned = excluded.unaligned, messages = excluded.messages;
    end loop;
    return taken;
  end $roll$;

  -- Drops the days before this day and returns how many; 0 also while another session is dropping.
  create function sluice.drop_before(day date) returns int language plpgsql as $drop$
  declare
    old text;
    dropped int := 0;
    day_start timestamptz := day::timestamp at time zone 'UTC';
  begin
    if not pg_try_advisory_xact_lock(${KEEP_LOCK}) then
      return 0;
    end if;
    -- Gives up behind a long query, to be tried again later: a waiting drop would block every shipper.
    set local lock_timeout = '2s';
    for old in
      select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = 'sluice.records'::regclass and relname < 'records_' || to_char(day, 'YYYYMMDD')
      order by relname
    loop
      execute format('drop table sluice.%I', old);
      dropped := dropped + 1;
    end loop;
    delete from sluice.sums where window_end < day_start;
    delete from sluice.conflicts where grid_end < day_start;
    delete from sluice.rejected_lines where rejected_at < day_start;
    delete from sluice.positions where updated_at < day_start;
    return dropped;
  end $drop$;
`;
