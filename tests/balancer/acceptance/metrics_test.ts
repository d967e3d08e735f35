import assert from "node:assert/strict";
import { metricsUntil, total } from "../../support/http/admin_page.ts";
import { ROUTE } from "../../support/http/admin_moment.ts";
import { CLUSTER, watch } from "../../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { times } from "../../support/processes/long_tests.ts";
import { refuseAll } from "../../support/http/refused.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

const REQUESTS = times(5000, 200_000);
const REFUSALS = times(100, 1000);
const env = { DATABASE_URL: DATABASE_DOWN };

Deno.test({
  name: `acceptance: the metrics count ${REQUESTS} redirects and ${REFUSALS} refusals exactly, by reason`,
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [ROUTE]);
      await using service = await BalancerProcess.start(directory, { env });
      const [, refused] = await Promise.all([
        watch(service.port, REQUESTS, 8),
        refuseAll(service.port, REFUSALS),
      ]);
      const metrics = await metricsUntil(service.url, (metrics) =>
        total(metrics, "sluice_balancer_answers_total") === REQUESTS + REFUSALS &&
        total(metrics, "sluice_balancer_connections_open") === 0);
      const redirects = (target: string) =>
        metrics.get(
          `sluice_balancer_redirects_total{cluster="${CLUSTER}",target="${target}",reason="turn"}`,
        );
      assert.deepEqual([redirects("cdn"), redirects("origin")], [REQUESTS * 0.9, REQUESTS * 0.1]);
      for (const [reason, count] of refused) {
        assert.equal(metrics.get(`sluice_balancer_refusals_total{reason="${reason}"}`), count, reason);
      }
      assert.equal(total(metrics, "sluice_balancer_refusals_total"), REFUSALS);
      assert.equal(metrics.get("sluice_balancer_redirect_seconds_count"), REQUESTS + REFUSALS);
      assert.equal(metrics.get("sluice_balancer_database_up"), 0);
      assert.ok(metrics.get("sluice_balancer_routes_stale_seconds")! > 0);
      service.kill("SIGTERM");
      const { stopped } = await service.ended();
      assert.deepEqual([stopped?.redirected, stopped?.refused], [REQUESTS, REFUSALS]);
    }),
});
