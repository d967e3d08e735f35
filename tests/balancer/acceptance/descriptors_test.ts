import assert from "node:assert/strict";
import {
  BalancerProcess,
  DATABASE_DOWN,
  STORED_ROUTE,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { report, times } from "../../support/processes/long_tests.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { Viewer } from "../../support/http/viewers.ts";

const NEWCOMERS = 50;
const LINES_MAX = 4;

/** Opens a connection that sends nothing; undefined if the connection fails. */
const connect = (port: number): Promise<Deno.TcpConn | undefined> =>
  Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);

for (const descriptors of times(1, 3) === 1 ? [150] : [150, 256, 1024]) {
  Deno.test({
    name: `acceptance: while idle connections use up ${descriptors} descriptors, viewers are served`,
    permissions: {
      run: ["/bin/sh"],
      net: ["127.0.0.1"],
      read: ["data"],
      write: ["data"],
    },
    fn: () =>
      withDirectory(async (directory) => {
        await writeSnapshot(directory, [STORED_ROUTE]);
        const env = { DATABASE_URL: DATABASE_DOWN };
        await using balancer = await BalancerProcess.start(directory, { env, descriptors });
        const { port } = balancer;
        const adminPort = Number(new URL(balancer.url).port);
        const newcomersMs: number[] = [];
        for (let round = 0; round < times(2, 20); round++) {
          const linesBefore = balancer.log.length;
          using viewer = await Viewer.connect(port);
          assert.equal((await viewer.ask()).status, 301);
          const strangers: (Deno.TcpConn | undefined)[] = [];
          for (let i = 0; i < descriptors + 50; i += 25) {
            const more = Array.from({ length: 25 }, () => [connect(port), connect(adminPort)]).flat();
            strangers.push(...await Promise.all(more));
            assert.equal((await viewer.ask()).status, 301);
          }
          const beganMs = performance.now();
          for (let i = 0; i < NEWCOMERS; i++) {
            using newcomer = await Viewer.connect(port);
            assert.equal((await newcomer.ask()).status, 301);
          }
          newcomersMs.push(performance.now() - beganMs);
          assert.equal(await balancer.readiness(), "stale");
          for (const stranger of strangers) stranger?.close();
          assert.ok(balancer.log.length - linesBefore <= LINES_MAX);
        }
        report(`${descriptors} descriptors used up, ${NEWCOMERS} newcomers in turn`, newcomersMs, "ms");
        assert.ok(Math.max(...newcomersMs) < 10_000, "the newcomers waited for a deadline");
        balancer.kill("SIGTERM");
        assert.equal((await balancer.ended()).code, 0);
      }),
  });
}
