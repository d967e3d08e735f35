import assert from "node:assert/strict";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  STORED_ROUTE,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { report, times } from "../../support/processes/faults.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { Viewer } from "../../support/http/viewers.ts";

const env = { DATABASE_URL: DATABASE_DOWN };
const VIEWERS = 16;
/**
 * Connections that were in the queue of a listener at the moment it was closed. With net.ipv4.tcp_migrate_req there is
 * none: the kernel hands them to the other process. Without it, 11 of 29,000 were lost in ten hand-overs.
 */
const LOST_A_HAND_OVER_MAX = 8;

Deno.test({
  name:
    "acceptance: one process hands its port over to another, and no request on an open connection is lost",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [STORED_ROUTE]);
      let before = await BalancerProcess.start(directory, { env });
      const { port } = before;
      let isOver = false;
      const counts = { answered: 0, lost: 0 };
      /** Comes back on a new connection whenever the one before was the last. */
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
            // An answer was due on a connection that had one before: that is never to happen.
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
