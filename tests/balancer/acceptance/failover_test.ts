import assert from "node:assert/strict";
import { type Check, CHECK_DEFAULTS, ORIGIN } from "../../../src/balancer/routes/route_options.ts";
import { Answerer } from "../../support/http/answerers.ts";
import { CLUSTER, FILM } from "../../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { report, times, until } from "../../support/processes/long_tests.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { Crowd, Viewer } from "../../support/http/viewers.ts";

const ROUNDS = times(1, 20);
const WORKERS = 2;
const VIEWERS = 8;
const CHECK = { ...CHECK_DEFAULTS, path: "/ping", everyS: 0.5, timeoutS: 0.5, upAfter: 2 } satisfies Check;
const FAILOVER_MS_MAX = (2 * CHECK.everyS + CHECK.timeoutS) * 1000;
/** The longest time until the prober notices that a destination is back. */
const RETURN_MS_MAX = ((CHECK.upAfter + 1) * CHECK.everyS + CHECK.timeoutS) * 1000;
/** Extra time for a busy machine. */
const SLACK_MS = 500;
const WEIGHTS = { a: 6, b: 3, [ORIGIN]: 1 };
const TURNS = 5_000;

type Name = keyof typeof WEIGHTS;

/** Sends requests over 16 connections, so that every worker gets some. Counts redirects by destination. */
async function deal(port: number, turns: number, nameOf: (location: string) => Name) {
  const counts: Record<string, number> = { a: 0, b: 0, [ORIGIN]: 0 };
  let left = turns;
  const view = async () => {
    using viewer = await Viewer.connect(port);
    while (left-- > 0) counts[nameOf((await viewer.ask()).location)]!++;
  };
  await Promise.all(Array.from({ length: 16 }, view));
  return counts;
}

Deno.test({
  name:
    `acceptance: destinations are stopped and started ${ROUNDS} times under load, and every request is redirected`,
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await using a = new Answerer();
      await using b = new Answerer();
      await using origin = new Answerer();
      const cdn = (name: Name, { port }: Answerer) => ({
        name,
        host: `127.0.0.1:${port}`,
        weight: WEIGHTS[name],
        check: CHECK,
      });
      await writeSnapshot(directory, [{
        cluster: CLUSTER,
        cdnHost: `127.0.0.1:${a.port}`,
        cdnWeight: 9,
        cdns: [cdn("a", a), cdn("b", b)],
        originWeight: WEIGHTS[ORIGIN],
        originPort: null,
        originCheck: { ...CHECK, host: `127.0.0.1:${origin.port}` },
        version: 1,
        updatedAt: "2026-11-21T22:00:00.000Z",
        updatedBy: "alice",
      }]);
      const prefixes = Object.entries({ a, b }).map(([name, { port }]) =>
        [name as Name, `http://127.0.0.1:${port}/`] as const
      );
      const nameOf = (location: string): Name => {
        if (location === FILM.slice("/?video=".length)) return ORIGIN;
        return prefixes.find(([, prefix]) => location.startsWith(prefix))?.[0] ?? assert.fail(location);
      };
      await using service = await BalancerProcess.start(directory, {
        env: { DATABASE_URL: DATABASE_DOWN, BALANCER_WORKERS: String(WORKERS) },
        flags: ["--probe-private", "on"],
      });
      const stateOf = async (name: Name) => {
        const { destinations } = await service.health(CLUSTER);
        return destinations.find((each: { name: string }) => each.name === name);
      };
      for (const name of ["a", "b", ORIGIN] as const) {
        await until(`${name} to be up`, async () => (await stateOf(name)).state === "up");
      }
      const exact = { a: TURNS * 0.6, b: TURNS * 0.3, [ORIGIN]: TURNS * 0.1 };
      assert.deepEqual(await deal(service.port, TURNS, nameOf), exact);

      const lastMs: Record<string, number> = { a: -Infinity, b: -Infinity, [ORIGIN]: -Infinity };
      const [failoversMs, returnsMs]: number[][] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        // The destinations take turns: one that broke in every round would count as flapping and stay down.
        const name = (["a", "b", ORIGIN] as const)[round % 3]!;
        const broken = { a, b, [ORIGIN]: origin }[name];
        const crowd = new Crowd(service.port, VIEWERS, ({ status, location }) => {
          assert.equal(status, 301);
          lastMs[nameOf(location)] = performance.now();
        });
        await until("the crowd to be sent to all", () => Object.values(lastMs).every((ms) => ms > 0));
        broken.stop();
        const stoppedMs = performance.now();
        await until("it to be found down", async () => (await stateOf(name)).state === "down");
        // A request that was being answered when the workers got the new table may still be redirected there.
        await until("nobody to be sent there", () => performance.now() - lastMs[name]! > 250);
        const failoverMs = lastMs[name]! - stoppedMs;
        failoversMs!.push(failoverMs);
        assert.ok(failoverMs <= FAILOVER_MS_MAX + SLACK_MS, `${failoverMs} ms until the failover`);
        broken.start();
        const startedMs = performance.now();
        await until("somebody to be sent there", () => lastMs[name]! > startedMs);
        returnsMs!.push(performance.now() - startedMs);
        assert.ok(
          returnsMs!.at(-1)! <= RETURN_MS_MAX + SLACK_MS,
          `${returnsMs!.at(-1)} ms until it came back`,
        );
        await crowd.stop();
        await until("its share to be whole", async () => (await stateOf(name)).share === 1);
      }
      await until("the workers to be told", async () => (await deal(service.port, 500, nameOf)).a === 300);
      assert.deepEqual(await deal(service.port, TURNS, nameOf), exact);
      report("failover, from the stop to the last redirect there", failoversMs!, "ms");
      report("recovery, from the start to the first redirect there", returnsMs!, "ms");
      const events = service.log.map(({ event }) => event);
      for (const event of ["destination_down", "destination_up"]) {
        assert.equal(events.filter((each) => each === event).length, ROUNDS, event);
      }
      assert.ok(!events.includes("everything_down"));
    }),
});
