import assert from "node:assert/strict";
import type { Route } from "../../../src/balancer/choose/routing.ts";
import { openStore } from "../../../src/balancer/store/open_store.ts";
import { createLog } from "../../../src/shared/log.ts";
import { freshDatabase } from "../../support/database/database.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { Deliveries } from "../../support/database/deliveries.ts";
import { FULL } from "../../support/processes/long_tests.ts";
import { startPooler } from "./pooler.ts";

const SETTINGS = { cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: null };
const IN_FORCE_MS_MAX = 250;

/** Only with `--full`, as the gate has no PgBouncer; there route_watch_test.ts simulates a pooler. */
let server: DatabaseServer;
if (FULL) {
  Deno.test.beforeAll(async () => {
    server = await DatabaseServer.start();
  });
  Deno.test.afterAll(() => server[Symbol.asyncDispose]());
}

for (const mode of FULL ? ["session", "transaction", "statement"] as const : []) {
  Deno.test({
    name:
      `acceptance: behind PgBouncer in ${mode} mode each of 60 changes is in force within ${IN_FORCE_MS_MAX} ms`,
    permissions: { run: ["/bin/sh"], net: ["127.0.0.1"], sys: ["uid"] },
    async fn() {
      await using database = await freshDatabase((name) => server.url(name));
      await using pooler = await startPooler(server.port, mode);
      const url = Object.assign(new URL(database.databaseUrl!), { port: String(pooler.port) });
      const lines: string[] = [];
      const log = createLog({
        level: "warn",
        format: "text",
        write: (line) => void lines.push(line),
        now: () => new Date(0),
      });
      const open = () => openStore({ databaseUrl: url.href, dataDirectory: "none", log });
      const stores = await Promise.all([open(), open()]);
      const told = await Promise.all(stores.map(async (store) => {
        const routes = new Deliveries<Route[]>();
        await store.watch(routes.take, () => {});
        return routes;
      }));
      const latenciesMs: number[] = [];
      for (let cdnWeight = 1; cdnWeight <= 60; cdnWeight++) {
        await stores[cdnWeight % 2]!.change(
          "origin-cluster",
          "alice",
          () => ({ ...SETTINGS, cdnWeight }),
        );
        const changed = performance.now();
        await Promise.all(told.map((routes) => routes.until(([route]) => route?.cdnWeight === cdnWeight)));
        latenciesMs.push(performance.now() - changed);
      }
      await Promise.all(stores.map((store) => store.close()));
      latenciesMs.sort((a, b) => a - b);
      console.log(
        `${mode}: in force after ${latenciesMs[30]!.toFixed(0)} ms (median), ${
          latenciesMs.at(-1)!.toFixed(0)
        } ms (most)`,
      );
      assert.ok(latenciesMs.at(-1)! < IN_FORCE_MS_MAX, String(latenciesMs));
      const warnings = lines.filter((line) => line.includes("notifications_missing")).length;
      assert.equal(warnings, mode === "session" ? 0 : 2, "each instance says once why it polls");
      assert.ok(lines.every((line) => line.includes("notifications_missing")), lines.join("\n"));
    },
  });
}
