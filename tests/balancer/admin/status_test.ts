import assert from "node:assert/strict";
import { CLUSTERS_MAX, statusJson } from "../../../src/balancer/admin/status.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { ROUTE, sampleMoment } from "../../support/http/admin_moment.ts";
import { CLUSTER } from "../../support/simulated/balancer_in_process.ts";

const WALL_MS = Date.UTC(2026, 10, 22);
const statusOf = (hasHistory: boolean, ...args: Parameters<typeof sampleMoment>) =>
  JSON.parse(statusJson(sampleMoment(...args), WALL_MS, hasHistory));

Deno.test({
  name: "status of the balancer: it shows the configured and the measured split, and the reasons",
  permissions: "none",
  fn() {
    const status = statusOf(false);
    assert.equal(status.history, undefined);
    assert.deepEqual([status.redirected, status.refused, status.connections.open], [9, 1, 4]);
    const [{ cluster, destinations }] = status.clusters;
    assert.equal(cluster, CLUSTER);
    assert.deepEqual(
      destinations.map(({ name, weight, share, now, minute, state }: Record<string, unknown>) => [
        ...[name, weight, share, now, minute, state],
      ]),
      [["origin", 1, 0.1, 0.1, 1, "unchecked"], ["cdn", 9, 0.9, 0.9, 8, "unchecked"]],
    );
    assert.deepEqual(
      status.reasons.map(({ reason, total }: Record<string, unknown>) => [reason, total]),
      [["turn", 9], ["unknown-cluster", 1]],
    );
    assert.ok(status.latency.p50 > 0.00002 && status.latency.p99 <= 0.00005);
    assert.equal(status.routes.newest.by, "alice");
    assert.equal(status.certificate_end_seconds, null);
  },
});

Deno.test({
  name: "status of the balancer: the last hour is shown in steps of 10 s, in wall-clock time",
  permissions: "none",
  fn() {
    const { history, newest_slots } = statusOf(true, { nowMs: 25_000 });
    assert.deepEqual(history, newest_slots);
    assert.deepEqual(history.map(([seconds]: [number]) => seconds - WALL_MS / 1000), [-15, -5]);
    assert.deepEqual(history[0].slice(1, 4), [9, 1, 4]);
    assert.deepEqual(history[1].slice(1), [0, 0, 4, null, null], "unknown values are null");
  },
});

Deno.test({
  name: "status of the balancer: if there are too many clusters, the busiest are shown",
  permissions: "none",
  fn() {
    const routes = Array.from({ length: 200 }, (_, i) => ({ ...ROUTE, cluster: `c${i}` }));
    const { state } = sampleMoment();
    const { clusters, routes: { count } } = statusOf(false, {
      state: { ...state, table: routingTable([...routes, ROUTE]) },
    });
    assert.deepEqual([clusters.length, count], [CLUSTERS_MAX, 201]);
    assert.ok(clusters.some(({ cluster }: { cluster: string }) => cluster === CLUSTER));
  },
});
