import assert from "node:assert/strict";
import { parseMetricsToken } from "../../../src/balancer/admin/tokens.ts";
import { balancerMetrics } from "../../../src/balancer/admin/metrics.ts";
import { adminClient, ALICE } from "../../support/http/admin_client.ts";
import { sampleMoment } from "../../support/http/admin_moment.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

const TOKEN = "fedcba9876543210fedcba9876543210";
const telling = {
  metrics: () => balancerMetrics(sampleMoment()),
  status: (hasHistory: boolean) => JSON.stringify({ hasHistory }),
};

Deno.test({
  name:
    "watching: without a metrics token anybody can read the metrics, in the format that the client accepts",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore(), telling });
    const plain = await call("GET /metrics", { token: null });
    assert.equal(plain.status, 200);
    assert.equal(plain.headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.match(plain.text, /^sluice_balancer_connections_open 4$/m);
    const headers = { Accept: "application/openmetrics-text; version=1.0.0" };
    const open = await call("GET /metrics", { token: null, headers });
    assert.match(open.headers.get("Content-Type")!, /^application\/openmetrics-text/);
    assert.ok(open.text.endsWith("# EOF\n"));
    const names = { Host: "evil.example" };
    assert.equal((await call("GET /metrics", { token: null, headers: names })).status, 421);
    assert.equal((await call("POST /metrics")).status, 405);
  },
});

Deno.test({
  name: "watching: with a metrics token, only this token and the tokens of the API can read the metrics",
  permissions: "none",
  async fn() {
    const isMetricsToken = parseMetricsToken(TOKEN);
    const { call } = adminClient({ store: new MemoryStore(), telling, isMetricsToken });
    for (const [token, status] of [[null, 401], [`${TOKEN}0`, 401], [TOKEN, 200], [ALICE, 200]] as const) {
      assert.equal((await call("GET /metrics", { token })).status, status);
    }
    // The metrics token gives no access to the API.
    assert.equal((await call("GET /api/v1/routes", { token: TOKEN })).status, 401);
  },
});

Deno.test({
  name: "watching: the page and its files need no token; the status needs one if there is a metrics token",
  permissions: "none",
  async fn() {
    const open = adminClient({ store: new MemoryStore(), telling });
    const isMetricsToken = parseMetricsToken(TOKEN);
    const closed = adminClient({ store: new MemoryStore(), telling, isMetricsToken });
    for (const { call } of [open, closed]) {
      const page = await call("GET /", { token: null });
      assert.deepEqual([page.status, page.headers.get("Content-Type")], [200, "text/html; charset=utf-8"]);
      const headers = { "If-None-Match": page.headers.get("ETag")! };
      assert.equal((await call("GET /", { token: null, headers })).status, 304);
      assert.equal((await call("GET /assets/balancer/admin/page/page.js", { token: null })).status, 200);
      assert.equal((await call("GET /assets/balancer/admin/page/none.js", { token: null })).status, 404);
    }
    for (const path of ["/api/v1/status", "/api/v1/events"]) {
      assert.equal((await open.call(`GET ${path}`, { token: null })).status, 200);
      assert.equal((await closed.call(`GET ${path}`, { token: null })).status, 401);
      assert.equal((await closed.call(`GET ${path}`, { token: TOKEN })).status, 200);
    }
    assert.deepEqual((await open.call("GET /api/v1/status")).json, { hasHistory: true });
    assert.deepEqual((await open.call("GET /api/v1/status?history=no")).json, { hasHistory: false });
    for (const query of ["history=yes", "histories=no"]) {
      assert.equal((await open.call(`GET /api/v1/status?${query}`)).status, 400);
    }
  },
});
