import assert from "node:assert/strict";
import type { Route, RouteSettings } from "../../../src/balancer/choose/routing.ts";
import { MIGRATIONS, migrationScript } from "../../../src/balancer/store/migrations.ts";
import { PostgresSql } from "../../../src/shared/database/postgres.ts";
import { openStore } from "../../../src/balancer/store/open_store.ts";
import { type Store, StoreUnavailable } from "../../../src/balancer/store/store.ts";
import { createLog, type Log } from "../../../src/shared/log.ts";
import { Cable } from "./cable.ts";
import { execute, freshDatabase, SERVER_PERMISSIONS, useServer } from "../../support/database/database.ts";
import { DatabaseServer, PASSWORD } from "../../support/database/database_server.ts";
import { Deliveries } from "../../support/database/deliveries.ts";
import { startWriter } from "../../support/database/start_store_writer.ts";
import { linesOf } from "../../support/processes/processes.ts";
import { FULL } from "../../support/http/route_options.ts";

const CLUSTER = "origin-cluster";
const nineToOne: RouteSettings = {
  cdnHost: "cdn.example.net",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
};
/**
 * Twice the longest wait of a caller while the server is down (2 s): the other half is for a busy machine.
 */
const ANSWER_MS_MAX = 4_000;

const backend = useServer();

/** A separate server, since the tests stop and restart this one. */
let server: DatabaseServer;
Deno.test.beforeAll(async () => {
  server = await DatabaseServer.start();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const put = (store: Store, cdnWeight: number) =>
  store.change(CLUSTER, "alice", () => ({ ...nineToOne, cdnWeight }));

/** Makes a log and the list of lines written to it. */
function recordedLog(): { log: Log; lines: Deliveries<string> } {
  const lines = new Deliveries<string>();
  return {
    log: createLog({ level: "debug", format: "text", write: lines.take, now: () => new Date() }),
    lines,
  };
}

const eventsOf = (lines: Deliveries<string>) => lines.all.map((line) => line.match(/ (\w+): /)?.[1]);

async function assertUnavailable(work: Promise<unknown>): Promise<void> {
  const began = performance.now();
  await assert.rejects(work, StoreUnavailable);
  const ms = performance.now() - began;
  assert.ok(ms < ANSWER_MS_MAX, `it took ${Math.round(ms)} ms to refuse`);
}

/** Starts a watch and collects what the watch reports. */
async function watched(store: Store) {
  const routes = new Deliveries<Route[]>();
  const states = new Deliveries<boolean>();
  await store.watch(routes.take, states.take);
  return { routes, states };
}

Deno.test({
  name: "postgres: another instance is notified of 20 changes, each within 250 ms",
  permissions: SERVER_PERMISSIONS,
  async fn() {
    await using database = await backend.fresh();
    const [one, other] = [await database.instance(), await database.instance()];
    const { routes } = await watched(other);
    const latenciesMs: number[] = [];
    for (let cdnWeight = 1; cdnWeight <= 20; cdnWeight++) {
      const { after } = await put(one, cdnWeight);
      const changed = performance.now();
      await routes.until(([route]) => route?.version === after!.version);
      latenciesMs.push(performance.now() - changed);
    }
    latenciesMs.sort((a, b) => a - b);
    console.log(
      `heard after ${latenciesMs[10]!.toFixed(1)} ms (median), ${latenciesMs.at(-1)!.toFixed(1)} ms (most)`,
    );
    assert.ok(latenciesMs.at(-1)! < 250, String(latenciesMs));
  },
});

Deno.test({
  name: "postgres: a change made with plain SQL is noticed",
  permissions: SERVER_PERMISSIONS,
  async fn() {
    await using database = await backend.fresh();
    const store = await database.instance();
    await put(store, 1);
    const { routes } = await watched(store);
    await execute(database.databaseUrl!, "update balancer.routes set cdn_weight = 42");
    await routes.until(([route]) => route?.cdnWeight === 42);
    await execute(database.databaseUrl!, "truncate balancer.routes");
    await routes.until((all) => all.length === 0);
  },
});

/** The SQL of a change, as versions of the balancer without route options write it. */
const byOlderVersion = (version: number, cdnWeight: number): string => `
  with version as (
    insert into balancer.route_versions (cluster, version, author, before, after)
    values ('${CLUSTER}', ${version}, 'old', null, '{"cdn_host":"cdn.example.net","cdn_weight":${cdnWeight},"origin_weight":1}')
    returning *
  )
  insert into balancer.routes
    (cluster, cdn_host, cdn_weight, origin_weight, origin_port, version, updated_at, updated_by)
  select cluster, after ->> 'cdn_host', (after ->> 'cdn_weight')::int, (after ->> 'origin_weight')::int,
    (after ->> 'origin_port')::int, version, changed_at, author
  from version
  on conflict (cluster) do update set cdn_host = excluded.cdn_host, cdn_weight = excluded.cdn_weight,
    origin_weight = excluded.origin_weight, version = excluded.version, updated_by = excluded.updated_by`;

Deno.test({
  name:
    "postgres: routes without options are kept with their history, and an older version can run beside this one",
  permissions: SERVER_PERMISSIONS,
  async fn() {
    await using database = await backend.fresh();
    await database.sql.exec(migrationScript(MIGRATIONS.slice(0, 1)));
    await database.sql.exec(byOlderVersion(1, 9));
    const store = await database.instance();
    const { routes } = await watched(store);
    const { version, updatedAt, updatedBy, ...settings } = routes.last![0]!;
    assert.deepEqual([settings, version, updatedBy], [{ cluster: CLUSTER, ...nineToOne }, 1, "old"]);
    const [first] = await store.history(CLUSTER, { limit: 1 });
    assert.deepEqual(first, { version: 1, at: updatedAt, by: "old", before: null, after: nineToOne });

    const { after } = await store.change(CLUSTER, "alice", () => FULL);
    assert.deepEqual((await routes.until(([route]) => route?.version === 2))[0], after);
    const rows = await database.sql.query("select cdn_host, cdn_weight from balancer.routes");
    assert.deepEqual(rows, [{ cdn_host: FULL.cdnHost, cdn_weight: FULL.cdnWeight }]);

    await database.sql.exec(byOlderVersion(3, 0));
    const [route] = await routes.until(([route]) => route?.version === 3);
    const { cdns, ...others } = FULL;
    const { updatedAt: _, ...seen } = route!;
    assert.deepEqual(seen, {
      ...others,
      ...nineToOne,
      cdnWeight: 0,
      cluster: CLUSTER,
      version: 3,
      updatedBy: "old",
    });
    const restored = await store.change(CLUSTER, "alice", () => FULL);
    assert.deepEqual([restored.before?.cdns, restored.after?.cdns], [undefined, cdns]);
    assert.deepEqual(await store.route(CLUSTER), restored.after);
  },
});

Deno.test({
  name: "postgres: the first change after a restart of the server is reported, and only once",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    await using database = await freshDatabase((name) => server.url(name));
    const { log, lines } = recordedLog();
    const [one, other] = [await database.instance(), await database.instance(log)];
    await put(one, 1);
    const { routes, states } = await watched(other);
    for (let round = 1; round <= 3; round++) {
      await server.stop();
      await states.until((up) => !up);
      await assertUnavailable(put(one, 0));
      await assertUnavailable(other.routes());
      await server.restart();
      await states.until((up) => up);
      const told = routes.all.length;
      const { after } = await put(one, round * 10);
      await routes.until(([route]) => route?.version === after!.version);
      assert.equal(routes.all.length, told + 1, "one change is told once, after every outage");
    }
    assert.deepEqual(states.all, [true, false, true, false, true, false, true]);
    // An outage has one line for each reason, and on a busy machine it may show several: refused, then starting up.
    const outages = lines.all.map((line) => line.replace(/^\S+ /, "")).join("\n").split(
      /^.*database_up: .*$/m,
    );
    for (const outage of outages) {
      const reasons = outage.trim().split("\n");
      assert.equal(new Set(reasons).size, reasons.length, `a reason is logged twice:\n${outage}`);
    }
    const turns = ["database_down", "database_up"];
    const events = eventsOf(lines).filter((event, at, all) => event !== all[at - 1]);
    assert.deepEqual(events, ["database_up", ...turns, ...turns, ...turns]);
  },
});

Deno.test({
  name: "postgres: a store opens while the server is down, and migrates once the server is up",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    await using database = await freshDatabase((name) => server.url(name));
    await server.stop();
    const store = await database.instance();
    const { routes, states } = await watched(store);
    assert.deepEqual([routes.all, states.all], [[], [false]]);
    await assertUnavailable(put(store, 1));
    await assertUnavailable(store.seed({ cluster: CLUSTER, ...nineToOne }, "environment"));
    await server.restart();
    await states.until((up) => up);
    assert.deepEqual(routes.all, [[]]);
    await put(store, 1);
    await routes.until(([route]) => route?.cdnWeight === 1);
  },
});

Deno.test({
  name: "postgres: a store can be closed while the server is down",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    await using cable = new Cable(server.port);
    const store = await openThrough(cable);
    const { states } = await watched(store);
    assert.deepEqual(states.all, [true]);
    await cable.cut();
    await states.until((up) => !up);
    await store.close();
  },
});

/** Opens a store in the server's database `postgres` through a cable. */
async function openThrough(cable: Cable, log: Log = recordedLog().log): Promise<Store> {
  const url = Object.assign(new URL(server.url()), { port: String(cable.port) });
  return await openStore({ databaseUrl: url.href, dataDirectory: "none", log });
}

Deno.test({
  name: "postgres: while the server is silent calls fail within the deadline, and later they work again",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    await using cable = new Cable(server.port);
    const store = await openThrough(cable);
    const { routes, states } = await watched(store);
    await put(store, 1);
    await routes.until(([route]) => route?.cdnWeight === 1);
    cable.freeze();
    await Promise.all([assertUnavailable(put(store, 2)), assertUnavailable(store.routes())]);
    cable.thaw();
    await states.until((up) => up);
    // The first change may still use a connection that `thaw` has closed.
    await put(store, 3).catch((error) => assert.ok(error instanceof StoreUnavailable));
    await put(store, 4);
    await routes.until(([route]) => route?.cdnWeight === 4);
    await store.close();
  },
});

Deno.test({
  name: "postgres: cutting connections in the middle of changes fails those changes only",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    await using cable = new Cable(server.port);
    const store = await openThrough(cable);
    const { routes } = await watched(store);
    let cutting = true;
    let refused = 0;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      while (cutting) {
        await store.change(`cluster-${writer}`, "alice", () => nineToOne).catch((error) => {
          assert.ok(error instanceof StoreUnavailable, String(error));
          refused++;
        });
      }
    });
    for (let cut = 0; cut < 8; cut++) {
      const before = routes.all.length;
      await routes.until(() => routes.all.length > before); // Waits until changes are being made.
      await cable.cut();
      cable.mend();
    }
    cutting = false;
    await Promise.all(writers);
    assert.ok(refused > 0);
    const { after } = await put(store, 5);
    await routes.until((all) => all.some((route) => route.version === after!.version));
    await store.close();
  },
});

Deno.test({
  name: "postgres: neither errors nor log lines contain the password",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const secrets = [PASSWORD, encodeURIComponent(PASSWORD), "hunter2"];
    const { log, lines } = recordedLog();
    const right = new URL(server.url());
    const urls = [
      Object.assign(new URL(right), { password: "hunter2" }).href, // The server refuses it.
      Object.assign(new URL(right), { pathname: "/no_such_database" }).href,
      Object.assign(new URL(right), { port: "1" }).href, // Nobody listens.
      "postgres://alice:hunter2@127.0.0.1",
      "postgres://alice:hunter2%@127.0.0.1/db",
      "postgres://alice:hunter2@127.0.0.1:port/db",
      "mysql://alice:hunter2@127.0.0.1/db",
      "hunter2",
    ];
    for (const databaseUrl of urls) {
      let said: unknown;
      try {
        const store = await openStore({ databaseUrl, dataDirectory: "none", log });
        const { states } = await watched(store);
        assert.deepEqual(states.all, [false], databaseUrl);
        await store.routes().catch((error) => said = error);
        await store.close();
      } catch (error) {
        assert.ok(
          error instanceof SyntaxError && /Cannot read DATABASE_URL: /.test(error.message),
          String(error),
        );
        said = error;
      }
      const all = [Deno.inspect(said), String(said), JSON.stringify(said), ...lines.all].join("\n");
      assert.ok(said instanceof Error, databaseUrl);
      for (const secret of secrets) assert.ok(!all.includes(secret), `${databaseUrl} shows in ${all}`);
    }
    assert.equal(lines.all.length, 3);
    assert.match(lines.all[0]!, /password authentication failed/);
    assert.match(lines.all[1]!, /no_such_database/);
    assert.match(lines.all[2]!, /ECONNREFUSED 127\.0\.0\.1:1/);
  },
});

Deno.test({
  name: "postgres: the reason why a first route can't be created is logged once, and again when it changes",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const { log, lines } = recordedLog();
    for (const part of ["password", "pathname"] as const) {
      const url = new URL(server.url());
      url[part] = "no_such_database";
      const store = await openStore({ databaseUrl: url.href, dataDirectory: "none", log });
      for (let attempt = 0; attempt < 5; attempt++) {
        await assertUnavailable(store.seed({ cluster: CLUSTER, ...nineToOne }, "environment"));
      }
      await watched(store); // The watch fails for the same reason, which is not logged again.
      await store.close();
    }
    assert.deepEqual(eventsOf(lines), ["database_down", "database_down"]);
    assert.match(lines.all[0]!, /password authentication failed/);
    assert.match(lines.all[1]!, /no_such_database/);
  },
});

Deno.test({
  name: "postgres: without net permission the error names the missing flag",
  permissions: "none",
  fn() {
    for (
      const [address, flag] of [
        ["127.0.0.1", "127.0.0.1:5432"],
        ["[::1]:5433", "[::1]:5433"],
        ["database.example:5432", "database.example:5432"],
      ] as const
    ) {
      assert.throws(
        () => new PostgresSql(`postgresql://alice:hunter2@${address}/db`),
        (error) =>
          error instanceof Deno.errors.NotCapable && error.message.endsWith(`--allow-net=${flag}`) &&
          !error.message.includes("hunter2"),
      );
    }
  },
});

const NET_FLAG = () => `--allow-net=127.0.0.1:${server.port}`;

Deno.test({
  name:
    "postgres: a process needs net access to the server, DATABASE_URL, and PG* ignored; PG* variables have no effect",
  permissions: { run: [Deno.execPath()], net: ["127.0.0.1"] },
  async fn() {
    await using database = await freshDatabase((name) => server.url(name));
    const writer = startWriter([NET_FLAG(), "--allow-env=DATABASE_URL", "--ignore-env=PG*"], {
      env: {
        DATABASE_URL: database.databaseUrl!,
        PGHOST: "192.0.2.1",
        PGPASSWORD: "wrong",
        PGSSL: "require",
      },
    });
    const lines: string[] = [];
    for await (const line of linesOf(writer.stdout)) {
      lines.push(line);
      if (lines.length === 3) writer.kill("SIGKILL");
    }
    const said = await new Response(writer.stderr).text();
    await writer.status;
    assert.deepEqual(lines.slice(0, 3), ["open", "1", "2"], said);
  },
});

Deno.test({
  name: "postgres: the error names the missing permission",
  permissions: { run: [Deno.execPath()] },
  async fn() {
    const env = { DATABASE_URL: server.url() };
    for (
      const [permissions, says] of [
        [[NET_FLAG(), "--allow-env=DATABASE_URL"], "run again with --ignore-env=PG*"],
        [["--allow-env=DATABASE_URL", "--ignore-env=PG*"], `run again with ${NET_FLAG()}`],
      ] as const
    ) {
      const { code, stderr } = await startWriter([...permissions], { env }).output();
      const said = new TextDecoder().decode(stderr);
      assert.ok(said.includes(says), said);
      assert.equal(code, 1);
    }
  },
});
