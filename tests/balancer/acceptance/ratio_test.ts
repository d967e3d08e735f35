import assert from "node:assert/strict";
import { CLUSTER, FILM, filmOf, watch } from "../../support/simulated/balancer_in_process.ts";
import { BalancerProcess, PROCESS_PERMISSIONS } from "../../support/processes/balancer_process.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { report, times, until } from "../../support/processes/long_tests.ts";
import { type Answer, Audience, Crowd, Viewer } from "../../support/http/viewers.ts";

const CONNECTIONS = 64;
const WORKERS = 4;
const REQUESTS = times(10_000, 200_000);

const ORIGIN = FILM.slice("/?video=".length);
/** The path of the video below a CDN's base. */
const PATH_AT_CDN = "/s1/video/1488/xcg2djHckad.m3u8";

let server: DatabaseServer;
Deno.test.beforeAll(async () => {
  server = await DatabaseServer.start();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function withBalancer(use: (balancer: BalancerProcess) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const env = { DATABASE_URL: server.url(), BALANCER_WORKERS: String(WORKERS) };
    await using balancer = await BalancerProcess.start(directory, { env });
    await use(balancer);
    balancer.kill("SIGTERM");
    assert.equal((await balancer.ended()).code, 0);
  });
}

const isRedirect = ({ status }: Answer): boolean => status === 301;

Deno.test({
  name:
    `acceptance: ${REQUESTS} requests over ${CONNECTIONS} connections and ${WORKERS} workers are split exactly`,
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withBalancer(async (balancer) => {
      using audience = await Audience.gather(balancer.port, WORKERS);
      const perSecond: number[] = [];
      for (const [cdn_weight, origin_weight] of [[9, 1], [7, 3], [1, 0], [0, 1], [999, 1]] as const) {
        const cluster = `of-${cdn_weight}-to-${origin_weight}`;
        await balancer.change("PUT", cluster, { cdn_host: "cdn.example.net", cdn_weight, origin_weight });
        await audience.until(isRedirect, filmOf(cluster));
        const beganMs = performance.now();
        const sent = await watch(balancer.port, REQUESTS, CONNECTIONS, cluster);
        perSecond.push(REQUESTS * 1000 / (performance.now() - beganMs));
        const origin = REQUESTS * origin_weight / (cdn_weight + origin_weight);
        assert.deepEqual(sent, { cdn: REQUESTS - origin, origin }, cluster);
      }
      report("redirects, read by the test itself", perSecond, "a second");
    }),
});

Deno.test({
  name:
    `acceptance: ${REQUESTS} requests over ${WORKERS} workers are split exactly among two CDNs and the origin`,
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withBalancer(async (balancer) => {
      const cdns = [
        { name: "cdn-a", host: "cdn-a.example.net/a", weight: 6 },
        { name: "cdn-b", host: "https://cdn-b.example.net", weight: 3 },
      ];
      await balancer.change("PUT", CLUSTER, { cdns, origin_weight: 1 });
      using audience = await Audience.gather(balancer.port, WORKERS);
      await audience.until(isRedirect);
      assert.deepEqual(await sharesOf(balancer.port, REQUESTS), {
        "http://cdn-a.example.net/a": REQUESTS * 6 / 10,
        "https://cdn-b.example.net": REQUESTS * 3 / 10,
        "origin": REQUESTS / 10,
      });

      const [one, other] = cdns;
      await balancer.change("PATCH", CLUSTER, { cdns: [one, { ...other, enabled: false }], status: 302 });
      await audience.until(({ status }) => status === 302);
      assert.deepEqual(await sharesOf(balancer.port, 7_000), {
        "http://cdn-a.example.net/a": 6_000,
        "origin": 1_000,
      });
    }),
});

/** Sends requests and counts the redirects by the base of their URL. */
async function sharesOf(port: number, requests: number): Promise<Record<string, number>> {
  const shares: Record<string, number> = {};
  let left = requests;
  const view = async () => {
    using viewer = await Viewer.connect(port);
    while (left-- > 0) {
      const { location } = await viewer.ask();
      const base = location === ORIGIN ? "origin" : location.replace(PATH_AT_CDN, "");
      shares[base] = (shares[base] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, view));
  return Object.fromEntries(Object.entries(shares).sort());
}

/** Two settings of the route, and the CDN's URL that each of them leads to. */
const TABLES = ["old", "new"].map((name, at) => {
  const [cdn_weight, origin_weight] = at === 0 ? [9, 1] : [7, 3];
  return {
    settings: { cdn_host: `${name}.example.net/${name}`, cdn_weight, origin_weight },
    cdn: `http://${name}.example.net/${name}${PATH_AT_CDN}`,
  };
});

Deno.test({
  name:
    "acceptance: when the ratio changes under load, each answer is right under the old table or the new one",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withBalancer(async (balancer) => {
      const [before, after] = TABLES;
      await balancer.change("PUT", CLUSTER, before!.settings);
      using audience = await Audience.gather(balancer.port, WORKERS);
      await audience.until(isRedirect);

      const sent = { before: 0, after: 0, origin: 0 };
      const hasSwitched = new Set<number>();
      const crowd = new Crowd(balancer.port, CONNECTIONS, ({ location }, viewer) => {
        if (location === ORIGIN) return sent.origin++;
        if (location === after!.cdn) return hasSwitched.add(viewer), sent.after++;
        assert.equal(location, before!.cdn);
        assert.ok(!hasSwitched.has(viewer), "A worker went back to the old table");
        sent.before++;
      });
      await until("half of the requests", () => crowd.answers >= REQUESTS / 2);
      await balancer.change("PATCH", CLUSTER, after!.settings);
      await until("the other half", () => crowd.answers >= REQUESTS);
      await crowd.stop();
      await audience.until(({ location }) => [after!.cdn, ORIGIN].includes(location));

      // Of ten turns in a row, one goes to the origin under the old table, and three under the new one.
      const all = crowd.answers;
      assert.equal(sent.before + sent.after + sent.origin, all);
      assert.ok(sent.before > 0 && sent.after > 0);
      assert.equal(hasSwitched.size, CONNECTIONS);
      assert.ok(
        sent.origin > Math.floor(all / 10) && sent.origin < 3 * Math.ceil(all / 10),
        Deno.inspect(sent),
      );

      await balancer.change("PATCH", CLUSTER, { cdn_host: "cdn.example.net" });
      await audience.until(({ location }) => location === ORIGIN || location.startsWith("http://cdn."));
      assert.deepEqual(await watch(balancer.port, 10_000, CONNECTIONS), { cdn: 7000, origin: 3000 });
    }),
});
