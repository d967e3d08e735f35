import assert from "node:assert/strict";
import { CLUSTER, SETTINGS } from "../../support/simulated/balancer_in_process.ts";
import { BalancerProcess, PROCESS_PERMISSIONS } from "../../support/processes/balancer_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { report, times, until } from "../../support/processes/long_tests.ts";
import { Crowd, Viewer } from "../../support/http/viewers.ts";

const STOP_MS_MAX = 10_000;
const WORKERS = 2;
/**
 * The most connections that one worker may drop when it stops to listen. Deno then closes the connections
 * that it has not read from, and a moment later the socket with the connections that it has not accepted. A
 * client that reconnects at once can be dropped both times. Measured once, on a busy machine: that happened
 * to one client in 800.
 */
const LOST_A_WORKER_MAX = 2;

let server: DatabaseServer;
Deno.test.beforeAll(async () => {
  server = await DatabaseServer.start();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** The numbers of new viewers that were answered and lost. */
interface Arrivals {
  answered: number;
  /** Viewers whose connection was closed before the balancer had read from it. */
  lost: number;
}

/** Sends one new viewer after the other until connections are refused. */
async function arrive(port: number): Promise<Arrivals> {
  const arrivals = { answered: 0, lost: 0 };
  for (;;) {
    try {
      using viewer = await Viewer.connect(port);
      const { status } = await viewer.ask();
      arrivals[status === 301 ? "answered" : "lost"]++;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return arrivals;
      arrivals.lost++;
    }
  }
}

Deno.test({
  name:
    "acceptance: after SIGTERM under load it exits 0, and every request on an open connection is answered",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      const env = {
        DATABASE_URL: server.url(),
        BALANCER_WORKERS: String(WORKERS),
        ORIGIN_CLUSTER: CLUSTER,
        CDN_HOST: SETTINGS.cdnHost,
      };
      const [stopMs, lost]: number[][] = [[], []];
      for (let stop = 0; stop < times(2, 20); stop++) {
        await using balancer = await BalancerProcess.start(directory, { env });
        const crowd = new Crowd(balancer.port, 64, ({ status }) => assert.equal(status, 301));
        const arriving = Array.from({ length: 4 }, () => arrive(balancer.port));
        await until("the load", () => crowd.answers > 5_000);
        const signalledMs = performance.now();
        balancer.kill("SIGTERM");
        const { code, stopped } = await balancer.ended();
        stopMs!.push(performance.now() - signalledMs);
        assert.equal(code, 0);
        await crowd.sentAway();
        let answered = crowd.answers;
        for (const arrivals of await Promise.all(arriving)) {
          answered += arrivals.answered;
          lost!.push(arrivals.lost);
          assert.ok(arrivals.lost <= WORKERS * LOST_A_WORKER_MAX, Deno.inspect(arrivals));
        }
        assert.equal(stopped!.redirected, answered);
      }
      report("a stop under load", stopMs!, "ms");
      report("each stop, of a stream of new viewers", lost!, "without an answer");
      assert.ok(Math.max(...stopMs!) <= STOP_MS_MAX);
    }),
});
