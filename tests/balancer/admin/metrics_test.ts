import assert from "node:assert/strict";
import { balancerMetrics } from "../../../src/balancer/admin/metrics.ts";
import { renderMetrics } from "../../../src/shared/metrics/exposition.ts";
import { CLUSTER } from "../../support/simulated/balancer_in_process.ts";
import { sampleMoment } from "../../support/http/admin_moment.ts";

const linesOf = (...args: Parameters<typeof sampleMoment>): string[] =>
  renderMetrics(balancerMetrics(sampleMoment(...args)), "text").split("\n");

Deno.test({
  name: "metrics of the balancer: a known value has a line, an unknown value has none",
  permissions: "none",
  fn() {
    const lines = linesOf();
    for (
      const line of [
        'sluice_balancer_build_info{version="1.2.3",deno="2.9.6"} 1',
        `sluice_balancer_redirects_total{cluster="${CLUSTER}",target="cdn",reason="turn"} 8`,
        'sluice_balancer_refusals_total{reason="unknown-cluster"} 1',
        'sluice_balancer_refusals_total{reason="method"} 0',
        'sluice_balancer_answers_total{status="404"} 1',
        'sluice_balancer_redirect_seconds_bucket{le="0.00005"} 10',
        "sluice_balancer_redirect_seconds_count 10",
        "sluice_balancer_connections_open 4",
        "sluice_balancer_connections_max 100",
        "sluice_balancer_connections_accepted_total 7",
        'sluice_balancer_connections_closed_total{reason="idle"} 2',
        "sluice_balancer_accept_errors_total 0",
        "sluice_balancer_routes 1",
        "sluice_balancer_routes_newest_version 3",
        "sluice_balancer_routes_stale_seconds 0",
        "sluice_balancer_database_up 1",
        'sluice_balancer_changes_total{result="made"} 0',
        "sluice_balancer_workers_alive 2",
        "sluice_balancer_spare_workers 1",
        "process_cpu_seconds_total 1.5",
      ]
    ) assert.ok(lines.includes(line), line);
    for (const unknown of ["certificate", "snapshot_age", "destination_up", "process_open_fds"]) {
      assert.ok(!lines.some((line) => line.includes(unknown)), unknown);
    }
    const empty = linesOf({ newest: undefined, state: { ...sampleMoment().state, table: undefined } });
    assert.ok(!empty.some((line) => /^sluice_balancer_routes(_newest_version)? /.test(line)));
  },
});

Deno.test({
  name: "metrics of the balancer: only checked destinations have a line that says whether they are up",
  permissions: "none",
  fn() {
    const of = (name: string, state: "up" | "down" | "unchecked", share: number) => ({
      ...{ name, state, share, reason: "", since: null, override: undefined, target: undefined },
    });
    const destinations = [of("origin", "unchecked", 1), of("a", "up", 1), of("b", "down", 0)];
    const lines = linesOf({
      health: [{ cluster: CLUSTER, destinations, servers: [] }],
      certificateEndSeconds: 1_800_000_000,
      snapshotAgeSeconds: 2.5,
    });
    assert.deepEqual(lines.filter((line) => line.startsWith("sluice_balancer_destination_up")), [
      `sluice_balancer_destination_up{cluster="${CLUSTER}",target="a"} 1`,
      `sluice_balancer_destination_up{cluster="${CLUSTER}",target="b"} 0`,
    ]);
    assert.ok(lines.includes("sluice_balancer_certificate_expiry_timestamp_seconds 1800000000"));
    assert.ok(lines.includes("sluice_balancer_snapshot_age_seconds 2.5"));
  },
});

Deno.test({
  name: "metrics of the balancer: the alert rules and the dashboard use only metrics that exist",
  permissions: { read: ["src/operations"] },
  async fn() {
    const known = new Set(balancerMetrics(sampleMoment()).map(({ name }) => name));
    for (const file of ["alerts.yml", "grafana/balancer.json"]) {
      const text = await Deno.readTextFile(`src/operations/${file}`);
      for (const [name] of text.matchAll(/sluice_balancer_\w+/g)) {
        assert.ok(known.has(name.replace(/_bucket$/, "")), `${file}: ${name}`);
      }
    }
  },
});
