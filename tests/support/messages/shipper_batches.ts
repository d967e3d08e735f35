/**
 * Record lines, the batches that a follower makes of them, and a `Fleet` that ships them to a test's
 * database.
 *
 * @module
 */
import { Fleet, type FleetOptions, type Shipped } from "../../../src/shipper/destination.ts";
import type { Batch } from "../../../src/shipper/follower.ts";
import { readLines } from "../../../src/shipper/lines.ts";
import { type Position, tailOf } from "../../../src/shipper/position.ts";
import type { Database } from "../database/database.ts";

/** 12:00 UTC on 21 November 2026: a multiple of every window length. */
export const NOON = 1_795_262_400;

export interface LineOptions {
  end?: number;
  seconds?: number;
  sum?: number | bigint;
  max?: number;
  min?: number;
  more?: string;
}

/** Returns a record line as the aggregator writes it. */
export function recordLineOf(
  { end = NOON, seconds = 10, sum = 1, max = 2, min = 3, more = "" }: LineOptions,
): string {
  return `{"timestamp":${end}, "count_type":"${seconds}s", "A1_sum": ${sum}, "A2_max":${max}, "A3_min": ${min}${more}}\n`;
}

/** Returns the batch of `text`, which follows `from` in its file. */
export function batchOf(from: Position, text: string): Batch {
  const bytes = new TextEncoder().encode(text);
  const { records, rejected, bytes: length } = readLines(bytes, from.offset);
  const to = { identity: from.identity, offset: from.offset + length, tail: tailOf(bytes) };
  return { from, to, records, rejected };
}

/** The position at the beginning of a file. */
export const beginningOf = (identity: string): Position => ({
  identity,
  offset: 0,
  tail: tailOf(new Uint8Array(0)),
});

/** Makes a `Fleet` on a database. `shipped` and `counts()` show what became of its batches. */
export function fleetOn(database: Pick<Database, "sql">, options: Partial<FleetOptions> = {}) {
  const shipped: Shipped[] = [];
  const fleet = new Fleet({
    sql: database.sql,
    instance: "one",
    labels: {},
    keepDays: undefined,
    nowMs: () => NOON * 1000,
    shipped: (each) => void shipped.push(each),
    ...options,
  });
  return {
    fleet,
    shipped,
    counts: () =>
      shipped.map(({ inserted, repeated, conflicts, expired }) => ({
        inserted,
        repeated,
        conflicts,
        expired,
      })),
  };
}
