import assert from "node:assert/strict";
import type { Override } from "../../../src/balancer/routes/override.ts";
import type { Route } from "../../../src/balancer/choose/routing.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";
import { useBackends } from "../../support/database/database.ts";
import { Deliveries } from "../../support/database/deliveries.ts";

const timeless = (overrides: readonly Override[]) =>
  overrides.map(({ cluster, name, state, by }) => [cluster, name, state, by].join(" "));

for (const backend of useBackends()) {
  Deno.test({
    name: `overrides on ${backend.name}: every instance is notified of overrides, with the time left`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      const [one, other] = [await database.instance(), await database.instance()];
      const told = new Deliveries<Override[]>();
      await other.watch(() => {}, () => {}, told.take);
      assert.deepEqual(told.all, [[]]);
      const made = await one.override("a", "cdn", "alice", { state: "drain", forS: 60 });
      assert.ok(made.leftMs > 59_000 && made.leftMs <= 60_000, String(made.leftMs));
      assert.equal(Date.parse(made.expiresAt) - Date.parse(made.since), 60_000);
      const until = (...wanted: string[]) =>
        told.until((overrides) => timeless(overrides).join() === wanted.join());
      await until("a cdn drain alice");
      await one.override("a", "cdn", "bob", { state: "up", forS: 60 });
      await one.override("a", "server:s3", "bob", { state: "drain", forS: 60 });
      await until("a cdn up bob", "a server:s3 drain bob");
      // An expired override is not reported, can't be removed, and is deleted when the next override is set.
      await database.sql.query("update balancer.overrides set expires_at = now() where name = 'cdn'");
      await until("a server:s3 drain bob");
      assert.equal(await one.removeOverride("a", "cdn"), undefined);
      await database.sql.query("update balancer.overrides set expires_at = now()");
      await one.override("b", "origin", "alice", { state: "down", forS: 1.5 });
      assert.deepEqual(await database.sql.query("select cluster from balancer.overrides"), [{
        cluster: "b",
      }]);
      const removed = await one.removeOverride("b", "origin");
      assert.deepEqual(timeless([removed!]), ["b origin down alice"]);
      await until();
    },
  });

  Deno.test({
    name: `overrides on ${backend.name}: if they can't be read, routes are still followed`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      const lines: LogEntry[] = [];
      const store = await database.instance(logInto(lines));
      await store.routes();
      await database.sql.exec("alter table balancer.overrides rename to hidden");
      const [routes, told] = [new Deliveries<Route[]>(), new Deliveries<Override[]>()];
      await store.watch(routes.take, () => {}, told.take);
      const settings = { cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: null };
      await store.change("a", "alice", () => settings);
      await routes.until((all) => all.length === 1);
      assert.deepEqual(told.all, []);
      assert.deepEqual(eventsOf(lines).filter((event) => event.startsWith("overrides")), [
        "overrides_unread",
      ]);
      await database.sql.exec("alter table balancer.hidden rename to overrides");
      await told.until((overrides) => overrides.length === 0);
    },
  });

  Deno.test({
    name: `overrides on ${backend.name}: the database itself refuses values that the API would never write`,
    permissions: backend.permissions,
    async fn() {
      await using database = await backend.fresh();
      await (await database.instance()).routes();
      for (
        const values of [
          "('a', 'cdn', 'off', 'psql', now(), now())",
          "('a', 'cdn', 'down', 'psql', now(), 'infinity')",
          "('a', 'server:s3', 'down', 'psql', now(), now())",
        ]
      ) {
        await assert.rejects(
          database.sql.query(`insert into balancer.overrides values ${values}`),
          /violates check constraint/,
          values,
        );
      }
    },
  });
}
