import { familiesOf, type Family } from "../shared/metrics/exposition.ts";
import type { Shipped } from "./destination.ts";

/** What the shipper has done since its start; records by what happened to them, see {@linkcode Shipped}. */
export interface Counts {
  rows: number;
  repeated: number;
  conflicts: number;
  expired: number;
  rejected: number;
  batches: number;
  /** Passes that failed and were tried again. */
  retries: number;
}

export const newCounts = (): Counts => ({
  rows: 0,
  repeated: 0,
  conflicts: 0,
  expired: 0,
  rejected: 0,
  batches: 0,
  retries: 0,
});

/** Adds a committed batch to the counts. */
export function count(counts: Counts, { batch, inserted, repeated, conflicts, expired }: Shipped): void {
  counts.rows += inserted;
  counts.repeated += repeated;
  counts.conflicts += conflicts;
  counts.expired += expired;
  counts.rejected += batch.rejected.length;
  counts.batches++;
}

/** How far the database is behind the files. */
export interface Lag {
  /**
   * Bytes of the file being read that are not in the database, an unfinished last line included; 0 after a
   * pass that shipped everything.
   */
  readonly bytes: number;
  /** Seconds since the end of the last such pass; 0 while `bytes` is 0. */
  readonly seconds: number;
}

/** Returns the metrics that `/metrics` shows. */
export function families(counts: Counts, lag: Lag, isUp: boolean): Family[] {
  const { rows, repeated, conflicts, expired } = counts;
  const results = { inserted: rows, repeated, conflict: conflicts, expired };
  const { counter, gauge } = familiesOf("sluice_ship");
  return [
    counter(
      "rows_total",
      "Records shipped, by what the database did with them",
      Object.entries(results).map(([result, value]) => ({ labels: { result }, value })),
    ),
    counter("rejected_lines_total", "Lines that are not records", [{ value: counts.rejected }]),
    counter("batches_total", "Batches committed, each in one transaction", [{ value: counts.batches }]),
    counter("retries_total", "Passes over the files that failed and were repeated", [
      { value: counts.retries },
    ]),
    gauge("lag_bytes", "Bytes of the file being read that are not in the database", [{ value: lag.bytes }]),
    gauge("lag_seconds", "Time since the database last had all records", [{ value: lag.seconds }]),
    gauge("database_up", "Whether the database answers", [{ value: isUp ? 1 : 0 }]),
  ];
}
