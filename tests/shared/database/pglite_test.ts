import assert from "node:assert/strict";
import { EmbeddedSql } from "../../../src/shared/database/pglite.ts";
import { openStore } from "../../../src/balancer/store/open_store.ts";
import {
  EMBEDDED_PERMISSIONS,
  embeddedDirectory,
  silentLog as log,
} from "../../support/database/database.ts";
import { startWriter } from "../../support/database/start_store_writer.ts";
import { linesOf, readVariable } from "../../support/processes/processes.ts";

/** How many times a process is killed while it makes changes; each time takes one or two seconds. */
const KILLS = Number(readVariable("TEST_KILLS") ?? 3);

const CLUSTER = "origin-cluster";
const settings = { cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: null };

let directory: string;
Deno.test.beforeAll(async () => {
  directory = await embeddedDirectory();
});
Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

Deno.test({
  name:
    "pglite: the first start creates a database and removes the leftovers of killed starts; changes survive a restart",
  permissions: EMBEDDED_PERMISSIONS,
  async fn() {
    const parent = await Deno.makeTempDir({ dir: "data", prefix: "test-" });
    const dataDirectory = `${parent}/not/there/yet`;
    for (const name of ["postgres.new", "postgres.01234567.new"]) {
      await Deno.mkdir(`${dataDirectory}/${name}/base`, { recursive: true });
      await Deno.writeTextFile(`${dataDirectory}/${name}/PG_VERSION`, "1");
    }
    try {
      const began = performance.now();
      const store = await openStore({ databaseUrl: "", dataDirectory, log });
      const opened = performance.now();
      const { after } = await store.change(CLUSTER, "alice", () => settings);
      await store.close();
      const closed = performance.now();
      const again = await openStore({ dataDirectory, log });
      const reopened = performance.now();
      assert.deepEqual(await again.routes(), [after]);
      await again.close();
      console.log(`first start ${Math.round(opened - began)} ms, next ${Math.round(reopened - closed)} ms`);
      const names = [...Deno.readDirSync(dataDirectory)].map(({ name }) => name).sort();
      assert.deepEqual(names, ["postgres", "postgres.lock"]);
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
});

Deno.test({
  name: "pglite: a lock that is not a regular file is refused",
  permissions: { read: ["data"], write: ["data"] },
  async fn() {
    const parent = await Deno.makeTempDir({ dir: "data", prefix: "test-" });
    try {
      await Deno.mkdir(`${parent}/postgres.lock`);
      await assert.rejects(EmbeddedSql.open(parent), /postgres\.lock: it is not a file$/);
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
});

Deno.test({
  name: "pglite: a directory can't be opened again until the first database has closed it",
  permissions: EMBEDDED_PERMISSIONS,
  async fn() {
    const first = await EmbeddedSql.open(directory);
    await assert.rejects(openStore({ dataDirectory: directory, log }), (error: Error) => {
      assert.ok(error.message.startsWith(`Cannot open the embedded database in "${directory}/postgres": `));
      assert.match(error.message, /another process has it open\. Stop .*--data.*DATABASE_URL/);
      return true;
    });
    assert.deepEqual(await first.query("select 1 as one"), [{ one: 1 }]);
    await first.close();
    await (await EmbeddedSql.open(directory)).close();
  },
});

Deno.test({
  name: "pglite: a directory that is not a database is refused, and the error names it",
  permissions: EMBEDDED_PERMISSIONS,
  async fn() {
    const dataDirectory = await Deno.makeTempDir({ dir: "data", prefix: "test-" });
    try {
      await Deno.mkdir(`${dataDirectory}/postgres`);
      await Deno.writeTextFile(`${dataDirectory}/postgres/PG_VERSION`, "1");
      await assert.rejects(
        openStore({ dataDirectory, log }),
        (error: Error) =>
          error.message.startsWith(`Cannot open the embedded database in "${dataDirectory}/postgres": `) &&
          error.message.endsWith("or move it away to begin with an empty database"),
      );
      using lock = await Deno.open(`${dataDirectory}/postgres.lock`, { write: true });
      assert.ok(await lock.tryLock(true), "the lock was left behind");
    } finally {
      await Deno.remove(dataDirectory, { recursive: true });
    }
  },
});

Deno.test({
  name: `pglite: ${KILLS} kills in the middle of changes lose no acknowledged change`,
  permissions: { ...EMBEDDED_PERMISSIONS, run: [Deno.execPath()] },
  async fn() {
    let acknowledged = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const writer = startWriter(["--allow-read=data", "--allow-write=data"], {
        dataDirectory: directory,
      });
      const until = acknowledged + 3 + Math.floor(Math.random() * 30);
      let killed = false;
      for await (const line of linesOf(writer.stdout)) {
        if (line === "open") {
          await assert.rejects(EmbeddedSql.open(directory), /another process has it open/);
          continue;
        }
        assert.equal(Number(line), acknowledged + 1);
        acknowledged++;
        if (acknowledged < until || killed) continue;
        killed = true;
        writer.kill("SIGKILL");
      }
      const said = await new Response(writer.stderr).text();
      assert.ok(killed, said);
      assert.equal((await writer.status).signal, "SIGKILL");

      const store = await openStore({ dataDirectory: directory, log });
      const { version } = (await store.route(CLUSTER))!;
      const versions = await store.history(CLUSTER, { limit: 10_000 });
      await store.close();
      // The process may have been killed after a change, before this test read the acknowledgement.
      assert.ok(version === acknowledged || version === acknowledged + 1, `${version}, not ${acknowledged}`);
      assert.deepEqual(versions.map((each) => each.version), versions.map((_, index) => version - index));
      assert.equal(versions.length, version);
      acknowledged = version;
    }
  },
});
