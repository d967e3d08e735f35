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

/** In the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export function exposition(counts: Counts, lag: Lag, isUp: boolean): string {
  const lines: string[] = [];
  const metric = (name: string, type: "counter" | "gauge", help: string, samples: Record<string, number>) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of Object.entries(samples)) lines.push(`${name}${labels} ${value}`);
  };
  metric("sluice_ship_rows_total", "counter", "Records, by what became of them.", {
    '{result="inserted"}': counts.rows,
    '{result="repeated"}': counts.repeated,
    '{result="conflict"}': counts.conflicts,
    '{result="expired"}': counts.expired,
  });
  metric("sluice_ship_rejected_lines_total", "counter", "Lines that are no records.", {
    "": counts.rejected,
  });
  metric("sluice_ship_batches_total", "counter", "Transactions.", { "": counts.batches });
  metric("sluice_ship_retries_total", "counter", "Attempts that failed and were repeated.", {
    "": counts.retries,
  });
  metric("sluice_ship_lag_bytes", "gauge", "Bytes of the files that the database lacks.", { "": lag.bytes });
  metric("sluice_ship_lag_seconds", "gauge", "Time since the database lacked nothing.", { "": lag.seconds });
  metric("sluice_ship_database_up", "gauge", "Whether the database answers.", { "": isUp ? 1 : 0 });
  return `${lines.join("\n")}\n`;
}
