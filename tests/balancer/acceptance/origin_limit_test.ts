import assert from "node:assert/strict";
import { CLUSTER } from "../../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  STORED_ROUTE,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { report, sleep, times } from "../../support/processes/long_tests.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { Crowd } from "../../support/http/viewers.ts";

const RATE_MAX = 500;
/** The burst that the limit allows: the requests of a tenth of a second. */
const BURST = RATE_MAX / 10;
const WORKERS = 4;

Deno.test({
  name: `acceptance: ${WORKERS} workers together send the origin ${RATE_MAX} requests a second, within 5 %`,
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [{
        ...STORED_ROUTE,
        cdnWeight: 1,
        originWeight: 1,
        originRateMax: RATE_MAX,
      }]);
      const env = { DATABASE_URL: DATABASE_DOWN, BALANCER_WORKERS: String(WORKERS) };
      await using balancer = await BalancerProcess.start(directory, { env });
      let atOrigin = 0;
      const crowd = new Crowd(balancer.port, 32, ({ location }) => {
        if (location.startsWith(`http://s1.${CLUSTER}/`)) atOrigin++;
      });
      await sleep(500);
      const [beganMs, before, answersBefore] = [performance.now(), atOrigin, crowd.answers];
      await sleep(times(2, 20) * 1000);
      const seconds = (performance.now() - beganMs) / 1000;
      const [sent, answers] = [atOrigin - before, crowd.answers - answersBefore];
      await crowd.stop();
      report(`of ${Math.round(answers / seconds)} requests a second the origin had`, [sent / seconds], "");
      assert.ok(answers / seconds > 3 * RATE_MAX, "Too few viewers came to reach the limit");
      assert.ok(sent <= 1.05 * RATE_MAX * seconds + BURST, `${sent} in ${seconds} s`);
      // If other processes use the CPU, the balancer may send too few requests for a while.
      assert.ok(sent >= times(0.5, 0.95) * RATE_MAX * seconds - BURST, `${sent} in ${seconds} s`);
    }),
});
