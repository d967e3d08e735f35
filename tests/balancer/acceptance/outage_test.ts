import assert from "node:assert/strict";
import { CLUSTER } from "../../support/simulated/balancer_in_process.ts";
import { BalancerProcess, PROCESS_PERMISSIONS } from "../../support/processes/balancer_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { report, sleep, times, until } from "../../support/processes/long_tests.ts";
import { Audience, Crowd } from "../../support/http/viewers.ts";

const OUTAGE_MS = times(2_000, 10_000);
const OUTAGES = times(1, 3);
/** The longest time from the answer to the first change after an outage until this change is in force. */
const IN_FORCE_MS_MAX = 1_000;
const WORKERS = 2;

let server: DatabaseServer;
Deno.test.beforeAll(async () => {
  server = await DatabaseServer.start();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const settingsOf = (name: string) => ({ cdn_host: `${name}.example.net`, cdn_weight: 1, origin_weight: 0 });
const locationOf = (name: string) => `http://${name}.example.net/s1/video/1488/xcg2djHckad.m3u8`;

/** Runs `use` with several instances on the same server. */
async function withInstances(
  names: readonly string[],
  use: (instances: readonly BalancerProcess[]) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    await using stack = new AsyncDisposableStack();
    const env = { DATABASE_URL: server.url(), BALANCER_WORKERS: String(WORKERS) };
    const instances = await Promise.all(
      names.map(async (name) => stack.use(await BalancerProcess.start(`${directory}/${name}`, { env }))),
    );
    await use(instances);
  });
}

async function assertRefused(instance: BalancerProcess): Promise<void> {
  const response = await instance.call("PATCH", CLUSTER, settingsOf("refused"));
  assert.equal(response.status, 503, await response.text());
  assert.match(response.headers.get("Retry-After") ?? "", /^[1-9]\d*$/);
}

async function untilAll(instances: readonly BalancerProcess[], readiness: "ready" | "stale"): Promise<void> {
  for (const instance of instances) {
    await until(`/readyz to say ${readiness}`, async () => await instance.readiness() === readiness, 2_000);
  }
}

/** Repeats a change until it is made, like a client that retries after 503. */
async function changeAsSoonAsPossible(instance: BalancerProcess, name: string): Promise<void> {
  await until("a change after the outage", async () => {
    const response = await instance.call("PATCH", CLUSTER, settingsOf(name));
    await response.body?.cancel();
    assert.ok([200, 503].includes(response.status), String(response.status));
    return response.status === 200;
  });
}

Deno.test({
  name:
    "acceptance: while PostgreSQL is stopped no redirect fails and no change is made; afterwards changes work again",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withInstances(["a", "b"], async (instances) => {
      const [a] = instances;
      await a!.change("PUT", CLUSTER, settingsOf("before"));
      using audiences = new DisposableStack();
      const everywhere = await Promise.all(
        instances.map(async ({ port }) => audiences.use(await Audience.gather(port, WORKERS))),
      );
      const untilEverywhere = (name: string) =>
        Promise.all(everywhere.map((all) => all.until(({ location }) => location === locationOf(name))));
      await untilEverywhere("before");
      const crowds = instances.map(({ port }) =>
        new Crowd(port, 4, ({ status, location }) => {
          assert.equal(status, 301);
          assert.match(location, /^http:\/\/(before|after-\d+)\.example\.net\/s1\/video\//);
        })
      );
      const [fromStartMs, fromAnswerMs]: number[][] = [[], []];
      for (let outage = 1; outage <= OUTAGES; outage++) {
        await server.stop();
        const answers = crowds.map((crowd) => crowd.answers);
        const stoppedMs = performance.now();
        await untilAll(instances, "stale");
        while (performance.now() - stoppedMs < OUTAGE_MS) {
          await Promise.all(instances.map(assertRefused));
          for (const instance of instances) assert.equal(await instance.readiness(), "stale");
          await sleep(100);
        }
        crowds.forEach((crowd, at) => assert.ok(crowd.answers > answers[at]!));
        await server.restart();
        const startedMs = performance.now();
        await changeAsSoonAsPossible(instances[outage % 2]!, `after-${outage}`);
        const answeredMs = performance.now();
        await untilEverywhere(`after-${outage}`);
        fromStartMs!.push(performance.now() - startedMs);
        fromAnswerMs!.push(performance.now() - answeredMs);
        await untilAll(instances, "ready");
      }
      await Promise.all(crowds.map((crowd) => crowd.stop()));
      report(
        "the first change after an outage in force everywhere, from the server's start",
        fromStartMs!,
        "ms",
      );
      report(
        "the first change after an outage in force everywhere, from the answer to it",
        fromAnswerMs!,
        "ms",
      );
      assert.ok(Math.max(...fromAnswerMs!) <= IN_FORCE_MS_MAX, `${Math.max(...fromAnswerMs!)} ms`);
      // No refused change was made.
      const history = await a!.call("GET", `${CLUSTER}/history`);
      assert.ok(!(await history.text()).includes("refused."));
    }),
});

Deno.test({
  name:
    "acceptance: started while PostgreSQL is down, it uses the last known routes, says so, and recovers by itself",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      const env = { DATABASE_URL: server.url(), BALANCER_WORKERS: String(WORKERS) };
      {
        await using first = await BalancerProcess.start(directory, { env });
        await first.change("PUT", CLUSTER, settingsOf("last-known"));
        using audience = await Audience.gather(first.port, WORKERS);
        await audience.until(({ location }) => location === locationOf("last-known"));
        first.kill("SIGTERM");
        assert.equal((await first.ended()).code, 0);
      }
      await server.stop();
      await using again = await BalancerProcess.start(directory, { env });
      using audience = await Audience.gather(again.port, WORKERS);
      const crowd = new Crowd(again.port, 4, ({ status }) => assert.equal(status, 301));
      assert.equal(again.listening.readiness, "stale");
      assert.equal(await again.readiness(), "stale");
      await audience.until(({ location }) => location === locationOf("last-known"));
      await assertRefused(again);
      await server.restart();
      await untilAll([again], "ready");
      await again.change("PATCH", CLUSTER, settingsOf("recovered"));
      await audience.until(({ location }) => location === locationOf("recovered"));
      await crowd.stop();
    }),
});
