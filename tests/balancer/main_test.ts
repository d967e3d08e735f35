import assert from "node:assert/strict";
import { CLUSTER, FILM, SETTINGS, watch } from "../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  writeSnapshot,
} from "../support/processes/balancer_process.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";
import { runToEnd } from "../support/processes/aggregator_process.ts";
import { statusOf } from "../support/http/admin_page.ts";
import { listen } from "../support/messages/udp.ts";

const DENO = Deno.execPath();

const ROUTE = {
  cluster: CLUSTER,
  ...SETTINGS,
  version: 1,
  updatedAt: "2026-11-21T22:00:00.000Z",
  updatedBy: "alice",
};
const env = { DATABASE_URL: DATABASE_DOWN };

Deno.test({
  name:
    "main: with the database down it starts, redirects by the last known routes, and says that they are stale",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [ROUTE]);
      await using service = await BalancerProcess.start(directory, { env });
      assert.equal(await service.readiness(), "stale");
      assert.equal(service.listening.readiness, "stale");
      assert.deepEqual(await watch(service.port, 1000, 8), { cdn: 900, origin: 100 });
      service.kill("SIGTERM");
      const { code, stopped } = await service.ended();
      assert.equal(code, 0);
      assert.deepEqual([stopped?.redirected, stopped?.refused], [1000, 0]);
      assert.ok(service.log.every((entry) => !JSON.stringify(entry).includes("secret")));
    }),
});

Deno.test({
  name:
    "main: with --turn-phase random clusters begin at different turns, and each cluster's split is still exact",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      // All 40 clusters begin on the same side by chance in one of 2^39 runs.
      const clusters = Array.from({ length: 40 }, (_, i) => `cluster-${i}`);
      const routes = clusters.map((cluster) => ({ ...ROUTE, cluster, cdnWeight: 1 }));
      await writeSnapshot(directory, routes);
      await using service = await BalancerProcess.start(directory, {
        env,
        flags: ["--turn-phase", "random"],
      });
      const first = { cdn: 0, origin: 0 };
      for (const cluster of clusters) {
        const sent = await watch(service.port, 1, 1, cluster);
        first.cdn += sent.cdn;
        first.origin += sent.origin;
        assert.deepEqual(await watch(service.port, 20, 1, cluster), { cdn: 10, origin: 10 });
      }
      assert.ok(first.cdn > 0 && first.origin > 0, JSON.stringify(first));
    }),
});

Deno.test({
  name: "main: metrics arrive as datagrams, and their sum is the number of requests",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [ROUTE]);
      using receiver = listen("127.0.0.1");
      const flags = ["--metrics-to", `127.0.0.1:${receiver.to.port}`];
      await using service = await BalancerProcess.start(directory, { env, flags });
      await watch(service.port, 500, 8);
      for (let requests = 0; requests < 500;) {
        const [text] = (await receiver.take(1)).texts;
        const { A1, A2, A3 } = JSON.parse(text!);
        assert.ok(A1 > 0 && A2 >= A3 && A3 >= 0, text);
        requests += A1;
        assert.ok(requests <= 500);
      }
    }),
});

/** Sends requests on one connection until the balancer closes it. Returns the number of answers. */
async function askUntilSentAway(connection: Deno.TcpConn): Promise<number> {
  const request = new TextEncoder().encode(`GET ${FILM} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const buffer = new Uint8Array(4096);
  for (let answers = 1;; answers++) {
    await connection.write(request);
    let answer = "";
    while (!answer.endsWith("\r\n\r\n")) {
      const length = await connection.read(buffer);
      assert.ok(
        length !== null,
        `The connection ended after ${answers - 1} answers, with a request on its way`,
      );
      answer += new TextDecoder().decode(buffer.subarray(0, length));
    }
    assert.match(answer, /^HTTP\/1\.1 301 /);
    if (/^connection: close\r$/im.test(answer)) return answers;
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test({
    name:
      `main: after ${signal} every running request is answered, and idle connections do not delay the end`,
    permissions: PROCESS_PERMISSIONS,
    fn: () =>
      withDirectory(async (directory) => {
        await writeSnapshot(directory, [ROUTE]);
        await using service = await BalancerProcess.start(directory, { env });
        const connect = () => Deno.connect({ hostname: "127.0.0.1", port: service.port });
        using idle = await connect();
        using halfway = await connect();
        await halfway.write(new TextEncoder().encode("GET / HT"));
        const connections = await Promise.all(Array.from({ length: 16 }, connect));
        const answered = connections.map(askUntilSentAway);
        await watch(service.port, 200, 4);
        const startMs = performance.now();
        service.kill(signal);
        const answers = (await Promise.all(answered)).reduce((sum, some) => sum + some);
        const { code, stopped } = await service.ended();
        assert.ok(performance.now() - startMs < 9_000);
        assert.deepEqual([code, stopped?.redirected], [0, answers + 200]);
        assert.equal(await idle.read(new Uint8Array(1)), null);
        await assert.rejects(connect(), Deno.errors.ConnectionRefused);
        connections.forEach((connection) => connection.close());
      }),
  });
}

Deno.test({
  name: "main: with only a CDN and a cluster it creates a database, and keeps its routes over a restart",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      const first = { CDN_HOST: "cdn.example.net", ORIGIN_CLUSTER: CLUSTER, CDN_TO_ORIGIN: "1:1" };
      {
        await using service = await BalancerProcess.start(directory, { env: first });
        assert.equal(await service.readiness(), "ready");
        assert.deepEqual(await watch(service.port, 100, 4), { cdn: 50, origin: 50 });
        await service.change("PATCH", CLUSTER, { cdn_weight: 0 });
        // Wait until the change is in force in both workers.
        for (let inRow = 0; inRow < 5;) inRow = (await watch(service.port, 100, 8)).cdn === 0 ? inRow + 1 : 0;
        service.kill("SIGTERM");
        assert.equal((await service.ended()).code, 0);
      }
      await using service = await BalancerProcess.start(directory, { env: first });
      assert.deepEqual(await watch(service.port, 100, 4), { cdn: 0, origin: 100 });
    }),
});

const REFUSED: readonly [flags: string[], env: Record<string, string>, code: number, line: RegExp][] = [
  [["--lisen", "127.0.0.1:1"], {}, 2, /^error: Unknown flag "--lisen": did you mean --listen\?$/],
  [["--workers", "0"], {}, 2, /^error: Cannot use "0" for --workers: .*1 to 64$/],
  [
    ["--listen", "192.0.2.1:7777"],
    {},
    1,
    /^error: Cannot listen on 192\.0\.2\.1:7777: .*--allow-net=192\.0\.2\.1:7777$/,
  ],
  [
    ["--metrics-to", "aggregator:9"],
    {},
    1,
    /^error: Cannot send metrics to aggregator:9: .*--allow-net=aggregator:9,0\.0\.0\.0:0$/,
  ],
  [["--data", "elsewhere"], {}, 1, /^error: Cannot use elsewhere: .*--allow-read=elsewhere$/],
  [[], { CDN_HOST: "cdn.example.net" }, 2, /^error: CDN_HOST is set without ORIGIN_CLUSTER: set both/],
  [[], { ADMIN_TOKENS: "a:secret" }, 2, /^error: Cannot use pair 1 of ADMIN_TOKENS: (?!.*secret)/],
  [
    [],
    { DATABASE_URL: "postgres://u:secret@db.example/d" },
    1,
    /^error: (?!.*secret).*--allow-net=db\.example:5432$/,
  ],
];

Deno.test({
  name: "main: a failed start prints one clear line and exits with the right code",
  permissions: { run: [DENO] },
  async fn() {
    for (const [flags, env, code, line] of REFUSED) {
      const free = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"].filter((_, at) =>
        at > 1 || flags[0] !== "--listen"
      );
      const ended = await runToEnd("balancer", [...free, ...flags], env);
      assert.equal(ended.code, code, `${flags.join(" ")}: ${ended.stderr}`);
      assert.match(ended.stderr.trimEnd(), line);
      assert.equal(ended.stderr.trimEnd().split("\n").length, 1, ended.stderr);
      assert.equal(ended.stdout, "");
    }
  },
});

Deno.test({
  name: "main: a port in use by another program is named in the error",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [ROUTE]);
      using holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const address = `127.0.0.1:${holder.addr.port}`;
      for (const [listen, admin] of [[address, "127.0.0.1:0"], ["127.0.0.1:0", address]]) {
        const flags = ["--listen", listen!, "--admin", admin!, "--data", directory];
        const { code, stderr } = await runToEnd("balancer", flags, env);
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`^error: Cannot listen on ${address}: .*in use`, "m"));
      }
    }),
});

Deno.test({
  name: "main: --help and --version print to stdout and exit 0",
  permissions: { run: [DENO] },
  async fn() {
    const help = await runToEnd("balancer", ["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /--listen HOST:PORT +BALANCER_LISTEN +0\.0\.0\.0:8080/);
    assert.match((await runToEnd("balancer", ["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  },
});

Deno.test({
  name: "main: with --metrics-token the metrics require that token",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [ROUTE]);
      const token = "fedcba9876543210".repeat(2);
      const closed = { ...env, BALANCER_METRICS_TOKEN: token };
      await using service = await BalancerProcess.start(directory, { env: closed });
      assert.equal(await statusOf(`${service.url}/metrics`), 401);
      const headers = { Authorization: `Bearer ${token}` };
      const response = await fetch(`${service.url}/metrics`, { headers });
      assert.match(await response.text(), /^sluice_balancer_routes 1$/m);
      assert.ok(!JSON.stringify(service.log).includes(token));
      service.kill("SIGTERM");
      assert.equal((await service.ended()).code, 0);
    }),
});

Deno.test({
  name: "main: event streams send the status, are limited in number, and do not delay a stop",
  permissions: PROCESS_PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [ROUTE]);
      await using service = await BalancerProcess.start(directory, { env });
      const open = () => fetch(`${service.url}/api/v1/events`);
      const streams = await Promise.all(Array.from({ length: 8 }, open));
      const readers = streams.map(({ body }) => body!.pipeThrough(new TextDecoderStream()).getReader());
      for (const reader of readers) {
        const { value } = await reader.read();
        assert.equal(JSON.parse(/^data: (.*)$/m.exec(value!)![1]!).service, "balancer");
      }
      const refused = await open();
      assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "30"]);
      await refused.text();
      // Clients that poll, scrape or change something are still served.
      assert.equal(await statusOf(`${service.url}/metrics`), 200);
      const beganMs = performance.now();
      service.kill("SIGTERM");
      assert.equal((await service.ended()).code, 0);
      assert.ok(performance.now() - beganMs < 5000);
      for (const reader of readers) await reader.cancel().catch(() => {});
    }),
});
