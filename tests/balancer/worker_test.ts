import assert from "node:assert/strict";
import { workersFrom } from "../../src/balancer/spawn.ts";
import { CLUSTER, FILM, SETTINGS, startBalancer, watch } from "../support/simulated/balancer_in_process.ts";
import { ACCEPTED, REFUSALS } from "../support/http/heads.ts";
import { latin1 } from "../support/http/requests.ts";
import { until } from "../support/processes/long_tests.ts";
import { Viewer } from "../support/http/viewers.ts";

const PERMISSIONS = { net: ["127.0.0.1"], read: ["."] };
const CONNECTIONS = 16;

/**
 * Ratios, and the number of requests to all workers together; each split must be exact.
 * acceptance/ratio_test.ts tests further ratios with more requests.
 */
const RATIOS: readonly [cdnWeight: number, originWeight: number, requests: number][] = [
  [9, 1, 5_000],
  [7, 3, 1_000],
];

for (const [cdnWeight, originWeight, requests] of RATIOS) {
  Deno.test({
    name: `worker: ${requests} requests are split exactly ${cdnWeight}:${originWeight}`,
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
    name: `worker: the split stays exact where a counter of ${bits} bits would overflow`,
    permissions: PERMISSIONS,
    async fn() {
      const turnsTaken = 2n ** bits - 1000n;
      await using balancer = await startBalancer({ turnsTaken: () => turnsTaken });
      const origins = Number((turnsTaken + 2000n) / 10n - turnsTaken / 10n);
      assert.deepEqual(await watch(balancer.port, 2000, CONNECTIONS), {
        cdn: 2000 - origins,
        origin: origins,
      });
    },
  });
}

Deno.test({
  name: "worker: changing the ratio under load loses no request, and the new ratio is exact",
  permissions: PERMISSIONS,
  async fn() {
    await using balancer = await startBalancer({ settings: { ...SETTINGS, cdnWeight: 1, originWeight: 0 } });
    const { port, store } = balancer;
    const before = watch(port, 5000, CONNECTIONS);
    for (let change = 0; change < 50; change++) {
      await store.change(
        CLUSTER,
        "test",
        () => ({ ...SETTINGS, cdnWeight: 1, originWeight: change % 2 }),
      );
      await fetch(`http://127.0.0.1:${port}${FILM}`, { redirect: "manual", method: "HEAD" });
    }
    const { cdn, origin } = await before;
    assert.equal(cdn + origin, 5000);
    await store.change(CLUSTER, "test", () => ({ ...SETTINGS, cdnWeight: 0, originWeight: 1 }));
    await untilOrigin(port);
    assert.deepEqual(await watch(port, 1000, CONNECTIONS), { cdn: 0, origin: 1000 });
  },
});

/** Waits until every worker has the new table: until many requests in a row lead to the origin. */
async function untilOrigin(port: number): Promise<void> {
  for (let inRow = 0; inRow < 3;) inRow = (await watch(port, 160, CONNECTIONS)).cdn === 0 ? inRow + 1 : 0;
}

/** Sends an HTTP/1.1 request with this target and Host, and returns the status line of the answer. */
async function statusLine(port: number, target: string, host: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const answer = await new Response(connection.readable).text();
  return answer.slice(0, answer.indexOf("\r\n"));
}

Deno.test({
  name: "worker: a Host that contains a part of the target is refused, even if together they are a known URL",
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
  name: "worker: a request line with an absolute URL is answered like its path and query",
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
  name: "worker: the measurements add up to the number of requests",
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

/** Sends these bytes, ends the sending side, and returns everything that the service answers. */
async function converse(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const writing = (async () => {
    const bytes = latin1(text);
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    await connection.closeWrite();
  })().catch(() => {}); // The service may refuse and close before everything is sent.
  const answer = await new Response(connection.readable).text().catch(() => "reset");
  await writing;
  return answer;
}

const statusesOf = (answer: string) =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

Deno.test({
  name: `worker: ${
    ACCEPTED.length + REFUSALS.length
  } requests over a socket are accepted or refused as RFC 9112 says`,
  permissions: PERMISSIONS,
  async fn() {
    await using balancer = await startBalancer();
    for (const { section, name, text } of ACCEPTED) {
      const statuses = statusesOf(await converse(balancer.port, text));
      assert.equal(statuses.length, 1, `${section} ${name}`);
      assert.ok(![414, 431, 505].includes(statuses[0]!), `${section} ${name}: ${statuses}`);
    }
    for (const { section, name, text, status } of REFUSALS) {
      assert.deepEqual(statusesOf(await converse(balancer.port, text)), [status], `${section} ${name}`);
    }
  },
});

const INNER = `GET ${FILM} HTTP/1.1\r\nHost: a\r\n\r\n`;
const LENGTHS = [
  "5",
  "0",
  "5, 5",
  "5,6",
  "+5",
  "-5",
  "0x5",
  "5 5",
  "05",
  " 5",
  "5\t",
  "\x0b5",
  "99999999999999999999",
];
const CODINGS = [
  "chunked",
  "Chunked",
  "x",
  "chunked, identity",
  "identity, chunked",
  "\tchunked",
  " chunked ",
  "chunked;a=b",
];
const CHUNKS = [
  "0\r\n\r\n",
  "5\r\nhello\r\n0\r\n\r\n",
  "5;ext=1\r\nhello\r\n0\r\n\r\n",
  "0\n\n",
  "0;\n\r\n\r\n",
];

/**
 * Attempts of request smuggling: fields that some programs take for those of a body and others do not,
 * followed by a body with another request inside, which must not be answered.
 */
const SMUGGLED: readonly string[] = [
  ...LENGTHS.map((length) => `Content-Length: ${length}`),
  ...CODINGS.map((coding) => `Transfer-Encoding: ${coding}`),
  ...LENGTHS.slice(0, 4).flatMap((length) => [
    `Content-Length: ${length}\r\nTransfer-Encoding: chunked`,
    `Transfer-Encoding: chunked\r\nContent-Length: ${length}`,
    `Content-Length: ${length}\r\nContent-Length: 6`,
    `Content-Length: ${length}\r\ncontent-length: ${length}`,
  ]),
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
  "Transfer-Encoding : chunked",
  " Transfer-Encoding: chunked",
  "X: y\r\n Transfer-Encoding: chunked",
  "Transfer-Encoding:\x0bchunked",
  "Transfer_Encoding: chunked\r\nContent-Length: 5",
  "Content-Length: 5\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAAA",
  "Content-Length: 5\r\nExpect: 100-continue",
  "Content-Length: 5\nX: y",
].flatMap((fields) =>
  (/transfer-encoding/i.test(fields) ? CHUNKS : ["hello", ""]).map((body) =>
    `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}${INNER}`
  )
);

Deno.test({
  name: `worker: a request inside a body is not answered, for ${SMUGGLED.length} kinds of smuggling`,
  permissions: PERMISSIONS,
  async fn() {
    await using balancer = await startBalancer();
    for (const text of SMUGGLED) {
      const statuses = statusesOf(await converse(balancer.port, text));
      // After an empty body, the next request is a request of its own.
      const expected = /Content-Length: 0\r\n\r\n/.test(text) && !/transfer/i.test(text) ? 2 : 1;
      if (!/hello/.test(text) || expected === 1) {
        assert.equal(statuses.length, expected, JSON.stringify(text));
      }
    }
    await balancer.stop();
    const { redirected } = balancer.log.find(({ event }) => event === "stopped")!;
    assert.equal(redirected, 1);
  },
});

Deno.test({
  name: "worker: when a worker dies, a spare worker serves in its place and the balancer stays ready",
  permissions: PERMISSIONS,
  async fn() {
    const url = new URL("../support/processes/dying_balancer_worker.ts", import.meta.url);
    const config = {
      ...{ workers: 2, spareWorkers: 1, explainHeader: false, accessLogSample: 0, drainDelayMs: 0 },
      ...{ firstRoute: undefined, databaseUrl: "", dataDirectory: "data" },
    };
    await using balancer = await startBalancer({ startWorker: workersFrom(url), config, isReal: true });
    await balancer.store.change("fatal", "test", () => SETTINGS);
    await until("a replacement", () => balancer.log.some(({ event }) => event === "worker_replaced"));
    assert.equal(balancer.master.readiness, "ready");
    const { left } = balancer.log.find(({ event }) => event === "worker_lost")!;
    assert.equal(left, 2);
    assert.ok(balancer.log.some(({ event }) => event === "no_spare_left"));
    const { cdn, origin } = await watch(balancer.port, 2000, CONNECTIONS);
    assert.equal(cdn + origin, 2000);
  },
});

Deno.test({
  name: "worker: its answers are noted for the access log",
  permissions: PERMISSIONS,
  async fn() {
    const noted: string[] = [];
    const config = {
      ...{ workers: 1, spareWorkers: 0, explainHeader: false, accessLogSample: 1, drainDelayMs: 0 },
      ...{ firstRoute: undefined, databaseUrl: "", dataDirectory: "data" },
    };
    const accessLog = { add: (lines: string) => void noted.push(lines), reopen() {} };
    {
      await using balancer = await startBalancer({ config, accessLog });
      using viewer = await Viewer.connect(balancer.port);
      for (const path of [FILM, "/?video=http://s1.other/a?token=secret", FILM]) await viewer.ask(path);
    }
    const lines = noted.join("").trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ status, target, turn, path }) => [status, target, turn, path]), [
      [301, "cdn", "1", "/video/1488/xcg2djHckad.m3u8"],
      [404, undefined, undefined, "/"],
      [301, "cdn", "2", "/video/1488/xcg2djHckad.m3u8"],
    ]);
    for (const { bytes, us } of lines) assert.ok(bytes > 100 && us >= 0);
  },
});
