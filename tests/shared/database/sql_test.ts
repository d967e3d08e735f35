import assert from "node:assert/strict";
import { translateError, within } from "../../../src/shared/database/sql.ts";
import { StoreUnavailable } from "../../../src/shared/database/errors.ts";
import { useBackends } from "../../support/database/database.ts";

for (const backend of useBackends()) {
  Deno.test({
    name: `sql on ${backend.name}: values are returned as they were passed`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      const { sql } = database;
      const text = `'"\\ $1 né 🎬`;
      assert.deepEqual(
        await sql.query(
          `select $1 as text, $2::int as number, $3::boolean as truth, $4::text as nothing,
             $5::text::jsonb as json, timestamptz '2026-11-21 22:00:00.123+00' as time`,
          [text, -7, true, null, '{"a":[1,null]}'],
        ),
        [{
          text,
          number: -7,
          truth: true,
          nothing: null,
          json: { a: [1, null] },
          time: new Date("2026-11-21T22:00:00.123Z"),
        }],
      );
      assert.deepEqual(await sql.query("select 1 where false"), []);
    },
  });

  Deno.test({
    name: `sql on ${backend.name}: several statements are one transaction`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      const { sql } = database;
      await sql.exec("create schema balancer; create table balancer.t (value integer unique)");
      const failing = "insert into balancer.t values (1); insert into balancer.t values (1)";
      await assert.rejects(sql.exec(failing), { code: "23505" });
      assert.deepEqual(await sql.query("select * from balancer.t"), []);
      await sql.exec("insert into balancer.t values (1); insert into balancer.t values (2)");
      assert.deepEqual(await sql.query("select count(*)::int as count from balancer.t"), [{ count: 2 }]);
    },
  });

  Deno.test({
    name: `sql on ${backend.name}: an invalid statement fails with its SQLSTATE, and the next one works`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      const { sql } = database;
      for (
        const [text, parameters, code] of [
          ["select nonsense", [], "42703"],
          ["select $1::int", ["seven"], "22P02"],
          ["select $1::text", ["\0"], "22021"],
          ["select 1/0", [], "22012"],
        ] as const
      ) {
        await assert.rejects(sql.query(text, parameters), { code });
      }
      assert.deepEqual(await sql.query("select 1 as one"), [{ one: 1 }]);
    },
  });

  Deno.test({
    name: `sql on ${backend.name}: a notification that follows a query is received`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      const { sql } = database;
      let heard = Promise.withResolvers<void>();
      const subscription = sql.listen("channel_of_test", () => heard.resolve());
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await subscription.query("select 1 as one"), [{ one: 1 }]);
        await sql.exec("notify another_channel; notify channel_of_test");
        await heard.promise;
        heard = Promise.withResolvers();
      }
    },
  });

  Deno.test({
    name: `sql on ${backend.name}: calls fail after close`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      const store = await database.instance();
      await store.routes();
      await store.close();
      await assert.rejects(store.routes(), StoreUnavailable);
    },
  });
}

Deno.test({
  name: "sql: an outage becomes StoreUnavailable, and any other error is unchanged",
  permissions: "none",
  fn() {
    for (const code of ["ECONNREFUSED", "CONNECTION_CLOSED", "57P01", "57P03", "53300", "28P01", "3D000"]) {
      const cause = Object.assign(new Error("gone"), { code });
      const translated = translateError(cause);
      assert.ok(translated instanceof StoreUnavailable, code);
      assert.equal(translated.cause, cause);
      assert.match(translated.message, /: gone$/);
    }
    for (const code of ["22P02", "23505", "42501", "42P01"]) {
      const cause = Object.assign(new Error("wrong"), { code });
      assert.equal(translateError(cause), cause);
    }
    const nameless = new AggregateError([], "");
    assert.match(
      (translateError(Object.assign(nameless, { code: "ETIMEDOUT" })) as Error).message,
      /ETIMEDOUT$/,
    );
  },
});

Deno.test({
  name:
    "sql: within returns the result or error of the work, and fails with StoreUnavailable after the deadline",
  permissions: "none",
  async fn() {
    assert.equal(await within(60_000, Promise.resolve(1)), 1);
    const mistake = new Error("mistake");
    await assert.rejects(within(60_000, Promise.reject(mistake)), mistake);
    await assert.rejects(within(1, new Promise<never>(() => {})), StoreUnavailable);
  },
});
