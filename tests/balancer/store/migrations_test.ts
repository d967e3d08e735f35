import assert from "node:assert/strict";
import { MIGRATIONS, migrationScript } from "../../../src/balancer/store/migrations.ts";
import type { Migration } from "../../../src/shared/database/migration.ts";
import { type Database, useBackends } from "../../support/database/database.ts";

const backends = useBackends();

function migrationTest(name: string, fn: (database: Database) => Promise<void>): void {
  for (const backend of backends) {
    Deno.test({
      name: `migrations on ${backend.name}: ${name}`,
      permissions: backend.permissions,
      async fn() {
        await using database = await backend.fresh();
        await fn(database);
      },
    });
  }
}

/** Returns the numbers of the migrations that were applied to a database. */
const applied = async ({ sql }: Database) =>
  (await sql.query<{ number: number }>("select number from balancer.migrations order by number"))
    .map(({ number }) => number);

const first: Migration = { number: 1, name: "a table", sql: "create table balancer.one (value integer);" };
const second: Migration = { number: 2, name: "a row", sql: "insert into balancer.one values (7);" };

migrationTest(
  "of five instances that start at once on an empty database, only one migrates it",
  async (database) => {
    const instances = await Promise.all(Array.from({ length: 5 }, () => database.instance()));
    assert.deepEqual(await Promise.all(instances.map((instance) => instance.routes())), [[], [], [], [], []]);
    assert.deepEqual(await applied(database), MIGRATIONS.map(({ number }) => number));
    await database.sql.exec(migrationScript());
    assert.deepEqual(await applied(database), MIGRATIONS.map(({ number }) => number));
  },
);

migrationTest("a later version applies only its new migrations, each once", async (database) => {
  await database.sql.exec(migrationScript([first]));
  assert.deepEqual(await applied(database), [1]);
  for (let start = 0; start < 2; start++) {
    await database.sql.exec(migrationScript([first, second]));
    assert.deepEqual(await applied(database), [1, 2]);
    assert.deepEqual(await database.sql.query("select value from balancer.one"), [{ value: 7 }]);
  }
  await database.sql.exec(migrationScript([first])); // An older instance starts meanwhile.
  assert.deepEqual(await applied(database), [1, 2]);
});

migrationTest("a failing migration rolls back those before it", async (database) => {
  const broken = { ...second, sql: "insert into balancer.one values ('seven');" };
  await assert.rejects(database.sql.exec(migrationScript([first, broken])), /invalid input syntax/);
  assert.deepEqual(await database.sql.query("select to_regnamespace('balancer')::text as schema"), [
    { schema: null },
  ]);
});

Deno.test({
  name: "migrations: they are numbered from 1 without gaps, and need no escaping in the script",
  permissions: "none",
  fn() {
    assert.deepEqual(MIGRATIONS.map(({ number }) => number), MIGRATIONS.map((_, index) => index + 1));
    for (const { name, sql } of MIGRATIONS) {
      assert.match(name, /^[\w ,]+$/);
      assert.ok(!sql.includes("$migration$"));
    }
  },
});
