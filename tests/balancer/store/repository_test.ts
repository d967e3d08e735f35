import assert from "node:assert/strict";
import type { Route, RouteSettings } from "../../../src/balancer/choose/routing.ts";
import { Repository } from "../../../src/balancer/store/repository.ts";
import type { Sql } from "../../../src/shared/database/sql.ts";
import { type RouteVersion, type Store, StoreUnavailable } from "../../../src/balancer/store/store.ts";
import { createLog } from "../../../src/shared/log.ts";
import { type Database, useBackends } from "../../support/database/database.ts";
import { Deliveries } from "../../support/database/deliveries.ts";

const CLUSTER = "origin-cluster";
const nineToOne: RouteSettings = {
  cdnHost: "cdn.example.net",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
};
const allToOrigin: RouteSettings = {
  cdnHost: "https://cdn.example.net:8443/base",
  cdnWeight: 0,
  originWeight: 1,
  originPort: 8080,
};

const backends = useBackends();

function storeTest(name: string, fn: (store: Store, database: Database) => Promise<void>): void {
  for (const backend of backends) {
    Deno.test({
      name: `store on ${backend.name}: ${name}`,
      permissions: backend.permissions,
      async fn() {
        await using database = await backend.fresh();
        await fn(await database.instance(), database);
      },
    });
  }
}

const put = (store: Store, settings: RouteSettings | null, cluster = CLUSTER) =>
  store.change(cluster, "alice", () => settings);

class OtherVersion extends Error {}

/** Removes the times, which no test can know in advance. */
const timeless = (versions: RouteVersion[]) => versions.map(({ at: _, ...rest }) => rest);

function settingsOf(route: Route | undefined): RouteSettings | undefined {
  if (route === undefined) return undefined;
  const { cdnHost, cdnWeight, originWeight, originPort } = route;
  return { cdnHost, cdnWeight, originWeight, originPort };
}

storeTest("a route is created, changed, removed, created again and restored", async (store) => {
  assert.deepEqual(await store.routes(), []);
  assert.equal(await store.route(CLUSTER), undefined);

  const began = Date.now();
  const made = await put(store, nineToOne);
  assert.equal(made.before, undefined);
  const { updatedAt, ...rest } = made.after!;
  assert.deepEqual(rest, { cluster: CLUSTER, ...nineToOne, version: 1, updatedBy: "alice" });
  assert.equal(new Date(updatedAt).toISOString(), updatedAt);
  assert.ok(Math.abs(Date.parse(updatedAt) - began) < 60_000, updatedAt);
  assert.deepEqual(await store.route(CLUSTER), made.after);

  const patched = await store.change(CLUSTER, "bob", (current) => ({ ...current!, cdnWeight: 3 }));
  assert.deepEqual(patched.before, made.after);
  assert.deepEqual(settingsOf(patched.after), { ...nineToOne, cdnWeight: 3 });
  assert.deepEqual([patched.after?.version, patched.after?.updatedBy], [2, "bob"]);
  assert.deepEqual(await store.routes(), [patched.after]);

  assert.deepEqual(await put(store, null), { before: patched.after, after: undefined });
  assert.deepEqual(await store.routes(), []);
  assert.deepEqual(await put(store, null), { before: undefined, after: undefined });

  const again = await put(store, allToOrigin);
  assert.deepEqual([again.before, again.after?.version], [undefined, 4]);

  const [second] = await store.history(CLUSTER, { before: 3, limit: 1 });
  const restored = await store.change(CLUSTER, "carol", () => second!.after);
  assert.deepEqual(settingsOf(restored.after), { ...nineToOne, cdnWeight: 3 });
  const three = { ...nineToOne, cdnWeight: 3 };
  assert.deepEqual(timeless(await store.history(CLUSTER, { limit: 10 })), [
    { version: 5, by: "carol", before: allToOrigin, after: three },
    { version: 4, by: "alice", before: null, after: allToOrigin },
    { version: 3, by: "alice", before: three, after: null },
    { version: 2, by: "bob", before: nineToOne, after: three },
    { version: 1, by: "alice", before: null, after: nineToOne },
  ]);
  assert.equal((await store.history(CLUSTER, { limit: 1 }))[0]!.at, restored.after!.updatedAt);
});

storeTest("clusters are independent, and listed by name", async (store) => {
  for (const cluster of ["b.example", "a-b", "a.b", "a"]) await put(store, nineToOne, cluster);
  await put(store, null, "a.b");
  assert.deepEqual((await store.routes()).map(({ cluster }) => cluster), ["a", "a-b", "b.example"]);
  assert.equal((await store.history("a.b", { limit: 10 })).length, 2);
  assert.deepEqual(await store.history("elsewhere", { limit: 10 }), []);
});

storeTest("text is stored unchanged", async (store) => {
  const by = `'; drop table balancer.routes; -- "\\ $1 né 🎬`;
  const cdnHost = `cdn.example.net/%22$1'"\\`;
  await store.change(CLUSTER, by, () => ({ ...nineToOne, cdnHost }));
  const [version] = await store.history(CLUSTER, { limit: 1 });
  assert.deepEqual([version!.by, version!.after!.cdnHost], [by, cdnHost]);
  const route = await store.route(CLUSTER);
  assert.deepEqual([route!.updatedBy, route!.cdnHost], [by, cdnHost]);
  assert.equal(await store.route(`${CLUSTER}' or true --`), undefined);
});

storeTest("an error thrown by the change function is passed on, and nothing is changed", async (store) => {
  const { after } = await put(store, nineToOne);
  const mistake = new RangeError("no such field");
  const change = store.change(CLUSTER, "bob", () => {
    throw mistake;
  });
  await assert.rejects(change, (error) => error === mistake);
  assert.deepEqual(await store.routes(), [after]);
  assert.equal((await store.history(CLUSTER, { limit: 10 })).length, 1);
});

storeTest(
  "the database refuses invalid settings that validation has missed, and keeps the old ones",
  async (store) => {
    const { after } = await put(store, nineToOne);
    for (const wrong of [{ cdnWeight: -1 }, { cdnWeight: 0, originWeight: 0 }, { originPort: 65_536 }]) {
      await assert.rejects(put(store, { ...nineToOne, ...wrong }), /violates check constraint/);
    }
    assert.deepEqual(await store.routes(), [after]);
    assert.equal((await store.history(CLUSTER, { limit: 10 })).length, 1);
  },
);

storeTest("of concurrent changes to the same version exactly one is made", async (store, database) => {
  await put(store, nineToOne);
  const other = await database.instance();
  for (let version = 1; version <= 5; version++) {
    const changes = [store, other, store, other].map((instance, index) =>
      instance.change(CLUSTER, "alice", (current) => {
        if (current?.version !== version) throw new OtherVersion();
        return { ...nineToOne, cdnWeight: index };
      })
    );
    const outcomes = await Promise.allSettled(changes);
    const lost = outcomes.filter((outcome) => outcome.status === "rejected");
    assert.equal(lost.length, changes.length - 1);
    assert.ok(lost.every(({ reason }) => reason instanceof OtherVersion), String(lost[0]!.reason));
    const route = await store.route(CLUSTER);
    assert.equal(route!.version, version + 1);
    assert.equal(outcomes[route!.cdnWeight]!.status, "fulfilled");
  }
});

storeTest("concurrent changes build upon each other", async (store, database) => {
  const other = await database.instance();
  const count = 10;
  await Promise.all(
    Array.from(
      { length: count },
      (_, index) =>
        (index % 2 === 0 ? store : other).change(CLUSTER, `writer ${index}`, (current) => ({
          ...nineToOne,
          cdnWeight: (current?.cdnWeight ?? 0) + 1,
        })),
    ),
  );
  const versions = (await store.history(CLUSTER, { limit: 100 })).reverse();
  assert.deepEqual(versions.map(({ version }) => version), versions.map((_, index) => index + 1));
  assert.deepEqual(versions.map(({ after }) => after!.cdnWeight), versions.map((_, index) => index + 1));
  assert.equal(versions.length, count);
});

storeTest("the history is read in pages, newest version first", async (store) => {
  for (let version = 1; version <= 7; version++) await put(store, { ...nineToOne, cdnWeight: version });
  const numbers = async (page: { before?: number; limit: number }) =>
    (await store.history(CLUSTER, page)).map(({ version }) => version);
  assert.deepEqual(await numbers({ limit: 3 }), [7, 6, 5]);
  assert.deepEqual(await numbers({ before: 5, limit: 3 }), [4, 3, 2]);
  assert.deepEqual(await numbers({ before: 2, limit: 3 }), [1]);
  assert.deepEqual(await numbers({ before: 1, limit: 3 }), []);
  assert.deepEqual(await numbers({ before: Number.MAX_SAFE_INTEGER, limit: 1 }), [7]);
});

storeTest(
  "only a database that never had a route is seeded, and only by one instance",
  async (store, database) => {
    const other = await database.instance();
    const seeds = await Promise.all(
      [store, other, store, other].map((instance, index) =>
        instance.seed({ cluster: `cluster-${index}`, ...nineToOne }, "environment")
      ),
    );
    assert.equal(seeds.filter((seeded) => seeded).length, 1);
    const [route, ...more] = await store.routes();
    assert.deepEqual(more, []);
    assert.deepEqual([route!.cluster, route!.version, route!.updatedBy], [
      `cluster-${seeds.indexOf(true)}`,
      1,
      "environment",
    ]);
    await put(store, null, route!.cluster);
    assert.equal(await store.seed({ cluster: CLUSTER, ...nineToOne }, "environment"), false);
  },
);

storeTest("a database that had a route is not seeded, even after the route was removed", async (store) => {
  await put(store, nineToOne);
  await put(store, null);
  assert.equal(await store.seed({ cluster: CLUSTER, ...nineToOne }, "environment"), false);
  assert.deepEqual(await store.routes(), []);
});

storeTest(
  "a watch reports the current routes, and every change through any instance",
  async (store, database) => {
    const other = await database.instance();
    await put(other, nineToOne);
    const told = new Deliveries<Route[]>();
    const states = new Deliveries<boolean>();
    await store.watch(told.take, states.take);
    assert.deepEqual([told.last?.[0]?.version, states.all], [1, [true]]);

    await put(other, allToOrigin);
    assert.deepEqual(settingsOf((await told.until(([route]) => route?.version === 2))[0]), allToOrigin);
    await put(other, nineToOne, "another");
    await told.until((routes) => routes.length === 2);
    await put(store, null, "another");
    await told.until((routes) => routes.length === 1);
    await Promise.all(Array.from({ length: 10 }, () => put(other, nineToOne)));
    await told.until(([route]) => route?.version === 12);
    assert.deepEqual(states.all, [true]);
  },
);

storeTest(
  "an invalid row is reported with its problem, beside the others, and can be removed",
  async (store, database) => {
    await put(store, nineToOne);
    await database.sql.exec(`
    insert into balancer.routes (cluster, cdn_host, cdn_weight, origin_weight, version, updated_at, updated_by) values
      ('bad-host', 'no host', 9, 1, 1, now(), 'psql'),
      ('Bad_Name', 'cdn.example.net', 9, 1, 1, now(), 'psql'),
      ('bad-time', 'cdn.example.net', 9, 1, 1, 'infinity', 'psql');
  `);
    const problems = (routes: Route[]) =>
      Object.fromEntries(routes.map(({ cluster, problem }) => [cluster, problem?.split(":")[0]]));
    const expected = {
      [CLUSTER]: undefined,
      "bad-host": "cdn_host",
      "Bad_Name": "cluster",
      "bad-time": "updated_at",
    };
    assert.deepEqual(problems(await store.routes()), expected);
    const told = new Deliveries<Route[]>();
    await store.watch(told.take, () => {});
    assert.deepEqual(problems(told.last!), expected);
    await put(store, allToOrigin);
    await told.until((routes) => routes.some(({ cluster, version }) => cluster === CLUSTER && version === 2));
    for (const cluster of ["bad-host", "Bad_Name", "bad-time"]) await put(store, null, cluster);
    await told.until((routes) => routes.length === 1);
  },
);

/** Simulates a database whose rows or failure the test sets. */
class SimulatedSql implements Sql {
  rows: unknown[] = [];
  failure: Error | undefined;
  heard = () => {};

  query<Row>(): Promise<Row[]> {
    if (this.failure) return Promise.reject(this.failure);
    // A watch compares the hash to notice that rows have changed.
    const of = { read_only: false, part: 1, hash: JSON.stringify(this.rows) };
    const none = { ...of, part: null };
    const rows = this.rows.length === 0 ? [none] : this.rows.map((row) => ({ ...of, ...row as object }));
    return Promise.resolve(rows as Row[]);
  }

  exec(): Promise<void> {
    return this.failure ? Promise.reject(this.failure) : Promise.resolve();
  }

  listen(_channel: string, heard: (payload?: string) => void) {
    this.heard = () => heard("");
    return this;
  }

  readonly isListening = true;
  renew(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

Deno.test({
  name: "repository: an outage and its end are each reported and logged once",
  permissions: "none",
  async fn() {
    const sql = new SimulatedSql();
    sql.failure = new StoreUnavailable("The database does not answer: gone");
    const lines = new Deliveries<string>();
    const log = createLog({ level: "info", format: "text", write: lines.take, now: () => new Date(0) });
    const repository = new Repository(sql, log);
    const states = new Deliveries<boolean>();
    await repository.watch(() => {}, states.take);
    await assert.rejects(repository.routes(), StoreUnavailable);
    assert.deepEqual(states.all, [false]);
    sql.failure = undefined;
    await states.until((up) => up);
    await repository.close();
    assert.deepEqual(states.all, [false, true]);
    assert.deepEqual(lines.all.map((line) => line.split(" ")[3]), ["database_down:", "database_up:"]);
    assert.match(lines.all[0]!, /does not answer: gone/);
  },
});

Deno.test({
  name: "repository: routes that the watcher refuses are logged, and the next routes are reported",
  permissions: "none",
  async fn() {
    const row = {
      cluster: CLUSTER,
      cdn_host: "",
      cdn_weight: 9,
      origin_weight: 1,
      origin_port: null,
      version: 1,
      updated_at: new Date(0),
      updated_by: "psql",
    };
    const sql = new SimulatedSql();
    sql.rows = [row];
    const lines = new Deliveries<string>();
    const log = createLog({ level: "error", format: "text", write: lines.take, now: () => new Date(0) });
    const repository = new Repository(sql, log);
    const told = new Deliveries<Route[]>();
    const states = new Deliveries<boolean>();
    await repository.watch((routes) => {
      if (routes[0]?.cdnHost === "") throw new RangeError("cdn_host: give a host");
      told.take(routes);
    }, states.take);
    sql.rows = [{ ...row, cdn_host: "cdn.example.net" }];
    sql.heard();
    await told.until(([route]) => route?.cdnHost === "cdn.example.net");
    await repository.close();
    assert.deepEqual(states.all, [true]);
    assert.equal(lines.all.length, 1);
    assert.match(lines.last!, /routes_refused: .*cdn_host: give a host/);
  },
});
