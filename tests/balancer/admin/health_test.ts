import assert from "node:assert/strict";
import type { Readiness } from "../../../src/balancer/admin/health.ts";
import { adminClient } from "../../support/http/admin_client.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

Deno.test({
  name: "health: /readyz depends on the routing table, /healthz does not",
  permissions: "none",
  async fn() {
    let now: Readiness = "starting";
    const { call } = adminClient({ store: new MemoryStore(), readiness: () => now });
    const starting = await call("GET /readyz", { token: null });
    assert.deepEqual([starting.status, starting.headers.get("Retry-After")], [503, "1"]);
    for (now of ["ready", "stale"] as const) {
      const { status, json } = await call("GET /readyz", { token: null });
      assert.deepEqual([status, json], [200, { status: now }]);
    }
    now = "starting";
    assert.deepEqual((await call("GET /healthz", { token: null })).json, { status: "alive" });
    assert.deepEqual([(await call("HEAD /readyz")).status, (await call("HEAD /healthz")).status], [503, 200]);
  },
});
