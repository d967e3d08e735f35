import type { Sql } from "../shared/database/sql.ts";
import type { Batch, Destination } from "./follower.ts";
import { POSITION_MOVED } from "./functions.ts";
import { gridEndSeconds, type LineRecord } from "./lines.ts";
import { MIGRATIONS, migrationScript } from "./migrations.ts";
import type { Position } from "./position.ts";
import {
  ARRAY_TYPES,
  columnArrays,
  COPY_COLUMNS,
  copyText,
  dateOf,
  daysOf,
  literal,
  seenIn,
  spansOf,
} from "./rows.ts";

/** A committed batch, and what the database did with its records. */
export interface Shipped {
  readonly batch: Batch;
  /** New rows of `sluice.records`. */
  readonly inserted: number;
  /** Passed over: the same row came from another file before. */
  readonly repeated: number;
  /** Kept in `sluice.conflicts`: a different row for the same window came from another file before. */
  readonly conflicts: number;
  /** Not written: older than `keepDays`. */
  readonly expired: number;
  /** Offset of the first conflict in the file. */
  readonly firstConflict: number | undefined;
}

export interface FleetOptions {
  readonly sql: Sql;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whole days of records to keep; undefined: all. */
  readonly keepDays: number | undefined;
  readonly nowMs: () => number;
  /** Called after each committed batch. */
  readonly shipped: (shipped: Shipped) => void;
}

/**
 * The position in the database is not where the batch begins. Another shipper has shipped from the same file,
 * or an earlier batch was committed although its answer was lost.
 */
export class PositionMoved extends Error {
  override readonly name = "PositionMoved";
}

const ADD_RECORDS = `
  with moved as materialized (select sluice.advance($1, $2, $3::bigint, $4::bigint, $5, $6::text::jsonb) as done)
  select r.* from moved, lateral sluice.add_records($1, $2, ${
  ARRAY_TYPES.map((type, index) => `$${index + 7}::text::${type}[]`).join(", ")
}) r`;

interface Added {
  inserted: number;
  repeated: number;
  conflicts: number;
  first_conflict: string | number | null;
}

/**
 * Writes the records of one instance to the fleet's database. Applies pending migrations before its first
 * statement. When to call {@linkcode roll} and {@linkcode expire} is up to the caller.
 */
export class Fleet implements Destination {
  readonly #options: FleetOptions;
  #ready: Promise<void> | undefined;
  /** Days since 1970 whose partition is known to exist. */
  #days = new Set<number>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  async positions(): Promise<Map<string, Position>> {
    const { sql, instance } = this.#options;
    await this.#prepare();
    const rows = await sql.query<{ identity: string; position: string; tail: string }>(
      `select file_identity as identity, file_offset::text as position, tail from sluice.positions
       where instance = $1`,
      [instance],
    );
    return new Map(rows.map(({ identity, position, tail }) => [
      identity,
      { identity, offset: Number(position), tail },
    ]));
  }

  async ship(batch: Batch): Promise<void> {
    const { keepDays, nowMs, shipped } = this.#options;
    const nowSeconds = Math.floor(nowMs() / 1000);
    const since = keepDays === undefined ? 0 : (Math.floor(nowSeconds / 86_400) - keepDays) * 86_400;
    const records = batch.records.filter((record) => gridEndSeconds(record) >= since);
    try {
      await this.#addDays(records, nowSeconds);
      const added = await this.#add(batch, records, nowSeconds);
      const { inserted, repeated, conflicts } = added;
      const firstConflict = added.first_conflict === null ? undefined : Number(added.first_conflict);
      const expired = batch.records.length - records.length;
      shipped({ batch, inserted, repeated, conflicts, expired, firstConflict });
    } catch (error) {
      this.#days.clear(); // An operator may have dropped a partition.
      if ((error as { code?: unknown }).code === POSITION_MOVED) {
        throw new PositionMoved((error as Error).message, { cause: error });
      }
      throw error;
    }
  }

  /** Sums up to 100 marked spans, unless another shipper is summing. Returns whether more may be left. */
  async roll(): Promise<boolean> {
    const marksMax = 100;
    const [row] = await this.#options.sql.query<{ taken: number }>("select sluice.roll($1::int) as taken", [
      marksMax,
    ]);
    return row!.taken === marksMax;
  }

  /** Drops the days before `keepDays`, unless another shipper is dropping. Returns how many were dropped. */
  async expire(): Promise<number> {
    const { sql, keepDays, nowMs } = this.#options;
    if (keepDays === undefined) return 0;
    const day = dateOf(Math.floor(nowMs() / 86_400_000) - keepDays);
    const [row] = await sql.query<{ dropped: number }>(
      "select sluice.drop_before($1::text::date) as dropped",
      [
        day,
      ],
    );
    return row!.dropped;
  }

  /** Migrates once. Concurrent callers share one attempt; after a failure, the next caller tries again. */
  #prepare(): Promise<void> {
    return this.#ready ??= this.#migrate().catch((error) => {
      this.#ready = undefined;
      throw error;
    });
  }

  async #migrate(): Promise<void> {
    const { sql, instance, labels } = this.#options;
    const [found] = await sql.query<{ there: boolean }>(
      "select to_regclass('sluice.migrations') is not null as there",
    );
    // The script runs only if a migration is pending, because it takes rights that a role may lack later.
    const applied = found!.there
      ? (await sql.query<{ number: number }>(
        "select coalesce(max(number), 0) as number from sluice.migrations",
      ))[0]!
      : { number: 0 };
    if (applied.number < MIGRATIONS.length) await sql.exec(migrationScript());
    await sql.query(
      `insert into sluice.instances (instance, labels) values ($1, $2::text::jsonb)
       on conflict (instance) do update set labels = excluded.labels, started_at = now()`,
      [instance, JSON.stringify(labels)],
    );
  }

  async #addDays(records: readonly LineRecord[], nowSeconds: number): Promise<void> {
    const days = daysOf(records);
    // Tomorrow's partition is created today: otherwise all shippers would wait at midnight for the one that
    // creates it.
    const today = Math.floor(nowSeconds / 86_400);
    if (days.has(today)) days.add(today + 1);
    const missing = [...days].filter((day) => !this.#days.has(day));
    if (missing.length === 0) return;
    await this.#options.sql.query("select sluice.add_days($1::text::date[])", [
      `{${missing.map(dateOf).join(",")}}`,
    ]);
    for (const day of missing) this.#days.add(day);
  }

  async #add(
    { from, to, rejected }: Batch,
    records: readonly LineRecord[],
    nowSeconds: number,
  ): Promise<Added> {
    const { sql, instance } = this.#options;
    const details = JSON.stringify({
      seen: seenIn(records),
      spans: spansOf(records, nowSeconds),
      rejected: rejected.map(({ offset, reason, text }) => [offset, reason, text]),
    });
    // Fast path: `copy` fails as a whole if the database has one of the rows. Then the slow path sorts the
    // rows out.
    if (sql.copy) {
      const texts = [
        literal(instance),
        literal(to.identity),
        from.offset,
        to.offset,
        literal(to.tail),
        literal(details),
      ];
      try {
        await sql.copy(
          `select sluice.advance(${texts.join(", ")}); copy sluice.records (${COPY_COLUMNS}) from stdin`,
          copyText(instance, to.identity, records),
        );
        return { inserted: records.length, repeated: 0, conflicts: 0, first_conflict: null };
      } catch (error) {
        if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
      }
    }
    const [added] = await sql.query<Added>(ADD_RECORDS, [
      instance,
      to.identity,
      from.offset,
      to.offset,
      to.tail,
      details,
      ...columnArrays(records),
    ]);
    return added!;
  }
}

const UNIQUE_VIOLATION = "23505";
