import assert from "node:assert/strict";
import { CLUSTER, FILM, SETTINGS, startBalancer, watch } from "../support/balancer.ts";

const PERMISSIONS = { net: ["127.0.0.1"], read: ["."] };
const CONNECTIONS = 16;

/** In all, over four workers: each must be exact. More of them, and more requests, in acceptance/ratio_test.ts. */
const RATIOS: readonly [cdnWeight: number, originWeight: number, requests: number][] = [
  [9, 1, 5_000],
  [7, 3, 1_000],
];

for (const [cdnWeight, originWeight, requests] of RATIOS) {
  Deno.test({
    name: `worker: ${requests} requests are split ${cdnWeight}:${originWeight}, exactly`,
    permissions: PERMISSIONS,
    async fn() {
      await using balancer = await startBalancer({ settings: { ...SETTINGS, cdnWeight, originWeight } });
      const origin = requests * originWeight / (cdnWeight + originWeight);
      assert.deepEqual(await watch(balancer.port, requests, CONNECTIONS), { cdn: requests - origin, origin });
      await balancer.stop();
      const { redirected, refused } = balancer.log.find(({ event }) => event === "stopped")!;
      assert.deepEqual({ redirected, refused }, { redirected: requests, refused: 0 });
    },
  });
}

for (const bits of [31n, 32n, 53n]) {
  Deno.test({
    name: `worker: the split stays exact where a counter of ${bits} bits ends`,
    permissions: PERMISSIONS,
    async fn() {
      const turnsTaken = 2n ** bits - 1000n;
      await using balancer = await startBalancer({ turnsTaken });
      const origins = Number((turnsTaken + 2000n) / 10n - turnsTaken / 10n);
      assert.deepEqual(await watch(balancer.port, 2000, CONNECTIONS), {
        cdn: 2000 - origins,
        origin: origins,
      });
    },
  });
}

Deno.test({
  name: "worker: a change of the ratio in mid-stream loses no request and makes no wrong one",
  permissions: PERMISSIONS,
  async fn() {
    await using balancer = await startBalancer({ settings: { ...SETTINGS, cdnWeight: 1, originWeight: 0 } });
    const { port, store } = balancer;
    const before = watch(port, 5000, CONNECTIONS);
    for (let change = 0; change < 50; change++) {
      await store.change(
        CLUSTER,
        "test",
        {},
        () => ({ ...SETTINGS, cdnWeight: 1, originWeight: change % 2 }),
      );
      await fetch(`http://127.0.0.1:${port}${FILM}`, { redirect: "manual", method: "HEAD" });
    }
    const { cdn, origin } = await before;
    assert.equal(cdn + origin, 5000);
    await store.change(CLUSTER, "test", {}, () => ({ ...SETTINGS, cdnWeight: 0, originWeight: 1 }));
    await untilOrigin(port);
    assert.deepEqual(await watch(port, 1000, CONNECTIONS), { cdn: 0, origin: 1000 });
  },
});

/** Until a new table is in every worker: after as many requests in a row as no one worker would get by chance. */
async function untilOrigin(port: number): Promise<void> {
  for (let inRow = 0; inRow < 3;) inRow = (await watch(port, 160, CONNECTIONS)).cdn === 0 ? inRow + 1 : 0;
}

/** What is answered to a request of HTTP/1.1 with this target and Host, up to the end of the first line. */
async function statusLine(port: number, target: string, host: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const answer = await new Response(connection.readable).text();
  return answer.slice(0, answer.indexOf("\r\n"));
}

Deno.test({
  name:
    "worker: a Host that moves the target is refused, also where it makes a URL that was asked for before",
  permissions: PERMISSIONS,
  async fn() {
    await using balancer = await startBalancer();
    for (let round = 0; round < 3; round++) {
      for (const film of [FILM, `${FILM}?${"a".repeat(1000)}`]) {
        assert.match(await statusLine(balancer.port, film, "viewers.example"), /^HTTP\/1\.1 301 /);
        const [host, target] = ["viewers.example/?video=http:/", film.slice("/?video=http:/".length)];
        assert.match(await statusLine(balancer.port, target, host), /^HTTP\/1\.1 400 /);
      }
    }
  },
});

Deno.test({
  name: "worker: a request line with a whole URL is answered as its path and query are",
  permissions: PERMISSIONS,
  async fn() {
    await using balancer = await startBalancer();
    for (const origin of ["http://a", "https://a:8443"]) {
      assert.match(await statusLine(balancer.port, origin + FILM, "viewers.example"), /^HTTP\/1\.1 301 /);
      assert.match(await statusLine(balancer.port, `${origin}/a${FILM}`, "a"), /^HTTP\/1\.1 404 /);
    }
  },
});

Deno.test({
  name: "worker: what it measures adds up to the requests",
  permissions: PERMISSIONS,
  async fn() {
    await using balancer = await startBalancer();
    await watch(balancer.port, 1000, CONNECTIONS);
    await balancer.stop();
    const { measurements } = balancer;
    assert.equal(measurements.reduce((sum, { requests }) => sum + requests, 0), 1000);
    for (const { slowest, fastest } of measurements) {
      assert.ok(Number.isInteger(slowest) && Number.isInteger(fastest) && slowest >= fastest && fastest >= 0);
    }
  },
});
