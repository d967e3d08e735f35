import type { Family } from "../shared/exposition.ts";
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
  const one = (name: string, type: "counter" | "gauge", help: string, value: number): Family => (
    { name: `sluice_ship_${name}`, type, help, samples: [{ value }] }
  );
  return [
    {
      name: "sluice_ship_rows_total",
      type: "counter",
      help: "Records, by what became of them",
      samples: Object.entries(results).map(([result, value]) => ({ labels: { result }, value })),
    },
    one("rejected_lines_total", "counter", "Lines that are no records", counts.rejected),
    one("batches_total", "counter", "Transactions", counts.batches),
    one("retries_total", "counter", "Attempts that failed and were repeated", counts.retries),
    one("lag_bytes", "gauge", "Bytes of the files that the database lacks", lag.bytes),
    one("lag_seconds", "gauge", "Time since the database lacked nothing", lag.seconds),
    one("database_up", "gauge", "Whether the database answers", isUp ? 1 : 0),
  ];
}
