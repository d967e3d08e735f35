import { familiesOf, type Family } from "../shared/metrics/exposition.ts";
import type { Shipped } from "./destination.ts";

/** What the shipper has done since its start. */
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

export function count(counts: Counts, { batch, inserted, repeated, conflicts, expired }: Shipped): void {
  counts.rows += inserted;
  counts.repeated += repeated;
  counts.conflicts += conflicts;
  counts.expired += expired;
  counts.rejected += batch.rejected.length;
  counts.batches++;
}

/** How far the database is behind the file. */
export interface Lag {
  /** Of whole and unfinished lines that are not in the database, as far as was looked. */
  readonly bytes: number;
  /** Since everything was there for the last time. */
  readonly seconds: number;
}

/** What Prometheus is told. */
export function families(counts: Counts, lag: Lag, isUp: boolean): Family[] {
  const { rows, repeated, conflicts, expired } = counts;
  const results = { inserted: rows, repeated, conflict: conflicts, expired };
  const { counter, gauge } = familiesOf("sluice_ship");
  return [
    counter(
      "rows_total",
      "Records, by what became of them",
      Object.entries(results).map(([result, value]) => ({ labels: { result }, value })),
    ),
    counter("rejected_lines_total", "Lines that are no records", [{ value: counts.rejected }]),
    counter("batches_total", "Transactions", [{ value: counts.batches }]),
    counter("retries_total", "Attempts that failed and were repeated", [{ value: counts.retries }]),
    gauge("lag_bytes", "Bytes of the files that the database lacks", [{ value: lag.bytes }]),
    gauge("lag_seconds", "Time since the database lacked nothing", [{ value: lag.seconds }]),
    gauge("database_up", "Whether the database answers", [{ value: isUp ? 1 : 0 }]),
  ];
}
