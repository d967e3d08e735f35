import assert from "node:assert/strict";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  STORED_ROUTE,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { report, times } from "../../support/processes/long_tests.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { Viewer } from "../../support/http/viewers.ts";

const env = { DATABASE_URL: DATABASE_DOWN };
const VIEWERS = 16;
/**
 * The most connections that may be lost in a hand-over, because they were in a listener's accept queue when
 * the listener closed. With net.ipv4.tcp_migrate_req none is lost: the kernel passes them to the other
 * process. Measured once, without that setting: 11 of 29,000 connections were lost in ten hand-overs.
 */
const LOST_A_HAND_OVER_MAX = 8;

Deno.test({
  name:
    "acceptance: when one process hands its port over to another, no request on an open connection is lost",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [STORED_ROUTE]);
      let before = await BalancerProcess.start(directory, { env });
      const { port } = before;
      let isOver = false;
      const counts = { answered: 0, lost: 0 };
      /** Sends requests, and opens a new connection whenever the balancer closes the last one. */
      const watch = async () => {
        while (!isOver) {
          let asked = 0;
          try {
            using viewer = await Viewer.connect(port);
            for (let isLast = false; !isLast && !isOver; asked++) {
              const answer = await viewer.ask();
              assert.equal(answer.status, 301);
              counts.answered++;
              isLast = answer.isLast;
            }
          } catch (error) {
            // The connection had an answer before, so the next request must not be lost.
            if (asked > 0) throw error;
            counts.lost++;
          }
        }
      };
      const watching = Promise.all(Array.from({ length: VIEWERS }, watch));
      const handOvers = times(2, 20);
      for (let i = 0; i < handOvers; i++) {
        const flags = ["--listen", `127.0.0.1:${port}`];
        const next = await BalancerProcess.start(directory, { env, flags });
        before.kill("SIGTERM");
        assert.equal((await before.ended()).code, 0);
        before = next;
      }
      isOver = true;
      await watching;
      before.kill("SIGTERM");
      await before.ended();
      report(`${handOvers} hand-overs, new connections lost`, [counts.lost], "");
      assert.ok(counts.lost <= LOST_A_HAND_OVER_MAX * handOvers, `${counts.lost} new connections were lost`);
      assert.ok(counts.answered > 100);
    }),
});
