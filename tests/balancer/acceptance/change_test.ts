import assert from "node:assert/strict";
import { CLUSTER } from "../../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  mostResidentKb,
  PROCESS_PERMISSIONS,
  residentKb,
} from "../../support/processes/balancer_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { execute, freshDatabase } from "../../support/database/database.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { FULL, report, times } from "../../support/processes/long_tests.ts";
import { Audience, Crowd } from "../../support/http/viewers.ts";

/** The longest time from the answer to the change until every worker of every instance applies it. */
const IN_FORCE_MS_MAX = 250;
const WORKERS = 2;

let server: DatabaseServer;
Deno.test.beforeAll(async () => {
  server = await DatabaseServer.start();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const settingsOf = (change: number) => ({
  cdn_host: `v${change}.example.net/${change}`,
  cdn_weight: 1,
  origin_weight: 0,
});
const locationOf = (change: number) =>
  `http://v${change}.example.net/${change}/s1/video/1488/xcg2djHckad.m3u8`;
/**
 * Returns the change that an answer belongs to. Asserts that no part of the answer belongs to another change.
 */
function changeIn(location: string): number {
  const [, change] = /^http:\/\/v(\d+)\./.exec(location) ?? [];
  assert.equal(location, locationOf(Number(change)));
  return Number(change);
}

/** The SQL that makes `count` routes of other clusters. */
const manyRoutes = (count: number) => `
  insert into balancer.routes (cluster, cdn_host, cdn_weight, origin_weight, version, updated_at, updated_by)
  select 'cluster-' || number || '.example.net', 'cdn.example.net', 9, 1, 1, now(), 'test'
  from generate_series(1, ${count}) as number`;

for (const others of FULL ? [0, 20_000] : [0]) {
  Deno.test({
    name:
      `acceptance: a change through one instance is in force in every worker of the other within ${IN_FORCE_MS_MAX} ms, with ${others} other routes`,
    permissions: { ...PROCESS_PERMISSIONS, run: [...PROCESS_PERMISSIONS.run, "/bin/sh"] },
    fn: () =>
      withDirectory(async (directory) => {
        await using database = await freshDatabase((name) => server.url(name));
        const env = { DATABASE_URL: database.databaseUrl!, BALANCER_WORKERS: String(WORKERS) };
        // Both start at once on an empty database: one instance migrates, and the other one waits for it.
        const [a, b] = await Promise.all(
          ["a", "b"].map((name) => BalancerProcess.start(`${directory}/${name}`, { env })),
        ) as [BalancerProcess, BalancerProcess];
        await using _a = a, _b = b;
        await execute(database.databaseUrl!, manyRoutes(others));
        await a.change("PUT", CLUSTER, settingsOf(0));
        using audience = await Audience.gather(b.port, WORKERS);
        await audience.until(({ location }) => location === locationOf(0));

        const latest = new Map<number, number>();
        const crowd = new Crowd(b.port, 4 * WORKERS, ({ location }, viewer) => {
          const change = changeIn(location);
          assert.ok(change >= (latest.get(viewer) ?? 0), "A worker went back to an older table");
          latest.set(viewer, change);
        });
        const [fromRequestMs, fromAnswerMs]: number[][] = [[], []];
        for (let change = 1; change <= times(20, 200); change++) {
          const requestedMs = performance.now();
          await a.change("PATCH", CLUSTER, settingsOf(change));
          const answeredMs = performance.now();
          await audience.until(({ location }) => location === locationOf(change));
          fromRequestMs!.push(performance.now() - requestedMs);
          fromAnswerMs!.push(performance.now() - answeredMs);
        }
        await crowd.stop();
        report("a change in every worker of another instance, from the request for it", fromRequestMs!, "ms");
        report("a change in every worker of another instance, from the answer to it", fromAnswerMs!, "ms");
        report("memory of the two instances", [await residentKb(a) / 1024, await residentKb(b) / 1024], "MB");
        const mostKb = [await mostResidentKb(a), await mostResidentKb(b)];
        report("most memory of the two instances", mostKb.map((kb) => kb / 1024), "MB");
        // Neither instance has fallen back to polling.
        const events = [...a.log, ...b.log].map(({ event }) => event);
        assert.ok(!events.includes("notifications_missing"));
        // With many routes a change needs so much CPU time that the load of the viewers delays some changes.
        const share = others === 0 ? 1 : 0.95;
        const slowestMs = fromAnswerMs!.toSorted((x, y) =>
          x - y
        )[Math.ceil(share * fromAnswerMs!.length) - 1]!;
        assert.ok(slowestMs <= IN_FORCE_MS_MAX, `The slowest took ${slowestMs} ms`);
      }),
  });
}
