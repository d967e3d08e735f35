import assert from "node:assert/strict";
import { filmOf } from "../../support/simulated/balancer_in_process.ts";
import { BalancerProcess, PROCESS_PERMISSIONS } from "../../support/processes/balancer_process.ts";
import { embeddedDirectory } from "../../support/database/database.ts";
import { between, report, times } from "../../support/processes/long_tests.ts";
import { Viewer } from "../../support/http/viewers.ts";

const KILLS = times(2, 10);
/** Each client has its own route, and makes one change after the other. */
const CLIENTS = 5;
const CHANGES = 50;

/** The changes of one client: `made` is the last acknowledged version, `asked` the last requested one. */
interface Changes {
  readonly cluster: string;
  made: number;
  asked: number;
}

const hostOf = (version: number) => `v${version}.example.net`;

/** Kills the balancer after some of the changes, while others are being made. */
async function killAmongChanges(balancer: BalancerProcess, clients: readonly Changes[]): Promise<void> {
  let left = Math.floor(between(1, CHANGES - CLIENTS));
  await Promise.all(clients.map(async (changes) => {
    for (let change = 0; change < CHANGES / CLIENTS; change++) {
      changes.asked = changes.made + 1;
      const body = { cdn_host: hostOf(changes.asked), cdn_weight: 1, origin_weight: 0 };
      try {
        const { version } = await balancer.change("PUT", changes.cluster, body);
        assert.equal(version, changes.asked);
      } catch (error) {
        if (left <= 0) return;
        throw error;
      }
      changes.made = changes.asked;
      if (--left === 0) balancer.kill("SIGKILL");
    }
  }));
  await balancer.ended();
}

/**
 * Asserts that every acknowledged change is kept, and that a pending change is made completely or not at all.
 */
async function assertKept(balancer: BalancerProcess, changes: Changes): Promise<void> {
  const found = await balancer.call("GET", changes.cluster);
  const { version = 0, cdn_host } = await found.json();
  assert.ok([changes.made, changes.asked].includes(version), Deno.inspect({ ...changes, version }));
  changes.made = version;
  if (version === 0) return assert.equal(found.status, 404);
  assert.equal(cdn_host, hostOf(version));
  using viewer = await Viewer.connect(balancer.port);
  const { location } = await viewer.ask(filmOf(changes.cluster));
  assert.equal(location, `http://${cdn_host}/s1/video/1488/xcg2djHckad.m3u8`);
  const history: { version: number; after: { cdn_host: string } }[] = await balancer.change(
    "GET",
    `${changes.cluster}/history?limit=100`,
  );
  assert.deepEqual(
    history.map((entry) => [entry.version, entry.after.cdn_host]),
    Array.from({ length: version }, (_, at) => [version - at, hostOf(version - at)]),
  );
}

let directory: string;
Deno.test.beforeAll(async () => {
  directory = await embeddedDirectory();
});
Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

Deno.test({
  name:
    `acceptance: after kill -9 in the middle of ${CHANGES} changes it starts again, and no acknowledged change is lost`,
  permissions: PROCESS_PERMISSIONS,
  async fn() {
    const clients = Array.from({ length: CLIENTS }, (_, at) => ({ cluster: `of-${at}`, made: 0, asked: 0 }));
    const startMs: number[] = [];
    for (let kill = 0; kill <= KILLS; kill++) {
      const beganMs = performance.now();
      await using balancer = await BalancerProcess.start(directory);
      startMs.push(performance.now() - beganMs);
      for (const changes of clients) if (changes.asked > 0) await assertKept(balancer, changes);
      if (kill < KILLS) await killAmongChanges(balancer, clients);
    }
    report("kill -9: the next start", startMs.slice(1), "ms");
  },
});
