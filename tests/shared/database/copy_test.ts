import assert from "node:assert/strict";
import { SERVER_PERMISSIONS, useServer } from "../../support/database/database.ts";

const server = useServer();
const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test({
  name:
    "copy: statements and the rows after them are one transaction; after an error nothing is stored, and the next copy works",
  permissions: SERVER_PERMISSIONS,
  async fn() {
    await using database = await server.fresh();
    const { sql } = database;
    await sql.exec("create table one (a integer primary key, b text)");
    const COPY = "insert into one values (0, 'first'); copy one from stdin";
    for (
      const [rows, code] of [["3\tc\n3\td\n", "23505"], ["x\ty\n", "22P02"], ["4", "22P04"], [
        "0\tz\n",
        "23505",
      ]] as const
    ) {
      await assert.rejects(sql.copy!(COPY, bytesOf(rows)), { code });
    }
    await assert.rejects(sql.copy!("select 1 / 0; copy one from stdin", bytesOf("")), { code: "22012" });
    assert.deepEqual(await sql.query("select count(*)::int from one"), [{ count: 0 }]);
    await sql.copy!(COPY, bytesOf("1\ta\n2\t\\N\n"));
    await sql.copy!("copy one from stdin", bytesOf(""));
    assert.deepEqual(await sql.query("select * from one order by a"), [
      { a: 0, b: "first" },
      { a: 1, b: "a" },
      { a: 2, b: null },
    ]);
    const many = Array.from({ length: 100_000 }, (_, i) => `${i + 10}\tabc\n`).join("");
    await sql.copy!("copy one from stdin", bytesOf(many));
    assert.deepEqual(await sql.query("select count(*)::int from one"), [{ count: 100_003 }]);
  },
});
