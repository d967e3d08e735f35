/** SQLSTATE of a batch whose position is another one than the shipper thought. */
export const POSITION_MOVED = "22SL1";

/** Any number, as long as every shipper has the same: the ASCII codes of "day", "sum" and "keep". */
const [DAY_LOCK, SUM_LOCK, KEEP_LOCK] = [0x646179, 0x73756d, 0x6b656570];

/**
 * `advance` begins every batch: it moves the position from where the shipper thinks that it is, or fails, and its lock
 * has another one that tries the same wait for the end of this one. What comes with it, as JSON:
 *
 *     {"seen":[[10,1795304530,1795304540]],"spans":[[1795304520,1795304580]],"rejected":[[4711,"syntax","…"]]}
 *
 * the windows of each length, the times that are to be summed anew, and the lines that are no records.
 *
 * `add_records` is the careful way, for rows of which some may be there: the same row from another file (a copy) is
 * passed over; a second row from the same file is one of an overlapping restart, and counts; another row from another
 * file is kept as a conflict.
 *
 * `roll` takes marks away and sums what they cover. It sees every row whose mark it took, and perhaps more: those have
 * marks that it did not take.
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
    -- A second row of a window, from the same file.
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
      -- To ask again would not do: a lock of one's own choosing does not make a session see what is new in the catalog.
      begin
        execute format('create table sluice.%I partition of sluice.records for values from (%L) to (%L)',
          name, to_char(d, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(d + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
      exception when duplicate_table then null;
      end;
    end loop;
  end $days$;

  -- Returns how many marks it took; 0 also when another one is at it.
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
    -- One after the other: with its bounds known no other day is looked at, and an hour of 1,000 instances is sorted in
    -- memory, where 100 hours of them are not.
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

  -- Drops the days before this one; returns how many. Only one shipper at a time does.
  create function sluice.drop_before(day date) returns int language plpgsql as $drop$
  declare
    old text;
    dropped int := 0;
    day_start timestamptz := day::timestamp at time zone 'UTC';
  begin
    if not pg_try_advisory_xact_lock(${KEEP_LOCK}) then
      return 0;
    end if;
    -- Rather later than to keep every shipper waiting behind a long query.
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
