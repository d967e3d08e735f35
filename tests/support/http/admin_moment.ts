/** The state and numbers that a balancer's admin pages show, as a sample for tests. */
import type { Moment } from "../../../src/balancer/admin/moment.ts";
import { noChanges } from "../../../src/balancer/admin/changes.ts";
import { DatabaseState } from "../../../src/balancer/routes/database_state.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { Totals } from "../../../src/balancer/counts/totals.ts";
import { Work } from "../../../src/balancer/counts/work.ts";
import { CLUSTER, SETTINGS } from "../simulated/balancer_in_process.ts";

export const ROUTE = {
  cluster: CLUSTER,
  ...SETTINGS,
  version: 3,
  updatedAt: "2026-11-21T22:00:00.000Z",
  updatedBy: "alice",
};

export function sampleMoment(changed: Partial<Moment> = {}): Moment {
  const totals = new Totals();
  const work = new Work();
  work.refused({ status: 404, id: "unknown-cluster", reason: "" });
  work.timed(10, 0.03);
  const done = work.take()!;
  const redirects = (["cdn", "origin"] as const).map((destination) => ({
    ...{ cluster: CLUSTER, destination, reason: "turn" as const, status: 301 },
    count: destination === "cdn" ? 8 : 1,
  }));
  const connections = {
    ...{ accepted: 7, failed: 0, timedOutReading: 1, timedOutIdle: 2, timedOutWriting: 0 },
    ...{ evicted: 0, refused: 0 },
  };
  totals.add(0, { done: { ...done, redirects }, connections, open: 4 });
  const database = new DatabaseState(() => 1000);
  database.turned(true, false);
  return {
    facts: {
      ...{ version: "1.2.3", deno: "2.9.6", startSeconds: 1000, address: "127.0.0.1:8080" },
      ...{ workers: 2, spareWorkers: 1, connectionsMax: 100, database: "postgresql", isClosed: false },
    },
    nowMs: 5000,
    readiness: "ready",
    totals,
    database,
    state: {
      listening: 2,
      spares: 1,
      table: routingTable([ROUTE]),
      routes: [ROUTE],
      refusedRoutes: 0,
      certificate: undefined,
    },
    newest: ROUTE,
    health: [],
    healthChanges: { down: 0, up: 0 },
    changes: noChanges(),
    snapshotAgeSeconds: null,
    certificateEndSeconds: null,
    usage: { cpuSeconds: 1.5, residentBytes: 1_000_000 },
    ...changed,
  };
}
