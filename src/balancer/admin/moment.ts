import type { Certificate } from "../../shared/http/tls.ts";
import { usageOfProcess } from "../../shared/process/process_usage.ts";
import { endOf } from "../front/certificate.ts";
import type { DatabaseState } from "../routes/database_state.ts";
import type { ClusterView, HealthBoard } from "../health/health_board.ts";
import type { Master } from "../master.ts";
import type { MasterState } from "../master_parts.ts";
import type { Route } from "../choose/routing.ts";
import type { Snapshot } from "../routes/snapshot.ts";
import type { Totals } from "../counts/totals.ts";
import type { ChangeCounts } from "./changes.ts";
import type { Readiness } from "./health.ts";

/** Facts about the service that do not change while it runs. */
export interface Facts {
  readonly version: string;
  readonly deno: string;
  /** When the process was started, in seconds of Unix time. */
  readonly startSeconds: number;
  /** The address for viewers. */
  readonly address: string;
  readonly workers: number;
  readonly spareWorkers: number;
  /** The most connections of viewers, over all workers. */
  readonly connectionsMax: number;
  readonly database: "postgresql" | "embedded";
  /** Whether metrics and status need a token. */
  readonly isClosed: boolean;
}

/** The parts of the service that metrics and status are read from. */
export interface Watched {
  readonly facts: Facts;
  readonly master: Pick<Master, "totals" | "database" | "state" | "readiness">;
  readonly health: Pick<HealthBoard, "noted" | "changes">;
  readonly snapshot: Pick<Snapshot, "keptMs">;
  readonly changes: Readonly<ChangeCounts>;
  /** The time of the monotonic clock. */
  readonly nowMs: () => number;
}

/** All that metrics and status show, collected at one moment, without waiting for I/O. Null means unknown. */
export interface Moment {
  readonly facts: Facts;
  readonly nowMs: number;
  readonly readiness: Readiness;
  readonly totals: Totals;
  readonly database: DatabaseState;
  readonly state: MasterState;
  /** The route that was changed last; undefined if there is no route. */
  readonly newest: Route | undefined;
  /** The health of the clusters that have checks or overrides. */
  readonly health: readonly ClusterView[];
  readonly healthChanges: Readonly<Record<"down" | "up", number>>;
  readonly changes: Readonly<ChangeCounts>;
  readonly snapshotAgeSeconds: number | null;
  /** Unix time; null if there is no certificate. */
  readonly certificateEndSeconds: number | null;
  readonly usage: ReturnType<typeof usageOfProcess>;
}

export function momentOf({ facts, master, health, snapshot, changes, nowMs }: Watched): Moment {
  const { totals, database, state, readiness } = master;
  const now = nowMs();
  return {
    ...{ facts, readiness, totals, database, state, changes },
    nowMs: now,
    newest: newestOf(state.routes),
    health: health.noted(),
    healthChanges: health.changes,
    snapshotAgeSeconds: snapshot.keptMs === undefined ? null : (now - snapshot.keptMs) / 1000,
    certificateEndSeconds: state.certificate ? endSecondsOf(state.certificate) : null,
    usage: usageOfProcess(),
  };
}

/** Caches. Measured once: a search through 20,000 routes, or parsing a certificate, takes 1 ms. */
const newestCache = new WeakMap<readonly Route[], Route>();
const endCache = new WeakMap<Certificate, number>();

function newestOf(routes: readonly Route[]): Route | undefined {
  const known = newestCache.get(routes);
  if (known !== undefined || routes.length === 0) return known;
  const newest = routes.reduce((one, other) => other.updatedAt > one.updatedAt ? other : one);
  newestCache.set(routes, newest);
  return newest;
}

function endSecondsOf(certificate: Certificate): number {
  const end = endCache.get(certificate) ?? Date.parse(endOf(certificate)) / 1000;
  endCache.set(certificate, end);
  return end;
}
