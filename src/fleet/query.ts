import type { Sql } from "../shared/database/sql.ts";
import type { FleetWindow } from "./windows.ts";

interface Row {
  end: string;
  count_type: string;
  sum: string;
  max: string;
  min: string;
  instances: number;
  partial_instances: number;
  missing_instances: number;
  unaligned: number;
}

export interface WindowQuery {
  /** Undefined: windows of every length. */
  readonly windowSeconds: number | undefined;
  /** Most windows to return, the newest ones. */
  readonly limit: number;
  /** Earliest window end, in seconds of Unix time. */
  readonly sinceSeconds: number;
}

/**
 * Reads windows of the fleet, oldest first. Returns none while no shipper has created the schema.
 *
 * @throws {StoreUnavailable} The database does not answer.
 */
export async function readWindows(
  sql: Sql,
  { windowSeconds, limit, sinceSeconds }: WindowQuery,
): Promise<FleetWindow[]> {
  const [found] = await sql.query<{ there: boolean }>(
    "select to_regclass('sluice.fleet_windows') is not null as there",
  );
  if (!found!.there) return [];
  const rows = await sql.query<Row>(
    `select extract(epoch from window_end)::bigint::text as end, count_type, a1_sum::text as sum, a2_max::text as max,
       a3_min::text as min, instances, partial_instances, missing_instances, unaligned
     from sluice.fleet_windows
     where window_end >= to_timestamp($1::bigint) and ($2::int is null or window_seconds = $2::int)
     order by window_end desc, window_seconds desc limit $3::int`,
    [sinceSeconds, windowSeconds ?? null, limit],
  );
  return rows.reverse().map((row) => ({
    endSeconds: Number(row.end),
    countType: row.count_type,
    sum: row.sum,
    max: row.max,
    min: row.min,
    instances: row.instances,
    partialInstances: row.partial_instances,
    missingInstances: row.missing_instances,
    unaligned: row.unaligned,
  }));
}
