import assert from "node:assert/strict";
import { HealthBoard } from "../../../src/balancer/health/health_board.ts";
import { OVERRIDE_S_MAX } from "../../../src/balancer/routes/override.ts";
import { type Check, CHECK_DEFAULTS } from "../../../src/balancer/routes/route_options.ts";
import type { Route } from "../../../src/balancer/choose/routing.ts";
import { adminClient } from "../../support/http/admin_client.ts";
import { CLUSTER, SETTINGS } from "../../support/simulated/balancer_in_process.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";
import { logInto } from "../../support/recorded_log.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";

const CHECK: Check = { ...CHECK_DEFAULTS, path: "/ping" };
const ROUTE: Route = {
  cluster: CLUSTER,
  ...SETTINGS,
  cdns: [
    { name: "a", host: "https://a.example.net", weight: 6, check: CHECK },
    { name: "b", host: "b.example.net", weight: 3 },
  ],
  version: 1,
  updatedAt: "2026-11-21T22:00:00.000Z",
  updatedBy: "alice",
};
const HEALTH = "/api/v1/health";
const OVERRIDES = `/api/v1/overrides/${CLUSTER}`;

async function served() {
  const store = new MemoryStore();
  const health = new HealthBoard({ clock: new SimulatedClock(Date.UTC(2026, 0, 1)), log: logInto([]) });
  health.follow([ROUTE, { ...ROUTE, cluster: "another" }]);
  await store.watch(() => {}, () => {}, (overrides) => health.override(overrides));
  return { ...adminClient({ store, health }), health };
}

Deno.test({
  name: "destinations: a reported state is shown, together with the check that is configured",
  permissions: "none",
  async fn() {
    const { call, health } = await served();
    const reported = await call(`PUT ${HEALTH}/${CLUSTER}/a`, {
      body: { state: "down", reason: "status 503" },
    });
    assert.deepEqual([reported.status, reported.text], [204, ""]);
    const { status, json } = await call(`GET ${HEALTH}/${CLUSTER}`);
    assert.equal(status, 200);
    const unchecked = { state: "unchecked", reason: "it has no check", since: null, share: 1 };
    const [origin, a, b] = json.destinations;
    assert.deepEqual(
      [origin, b],
      ["origin", "b"].map((name) => ({ name, ...unchecked, override: null, check: null })),
    );
    assert.deepEqual(a, {
      name: "a",
      state: "down",
      reason: "status 503",
      since: "2026-01-01T00:00:00.000Z",
      share: 0,
      override: null,
      check: {
        url: "https://a.example.net/ping",
        every_s: 2,
        timeout_s: 1,
        down_after: 2,
        up_after: 3,
        expect: "200-399",
      },
    });
    const all = (await call(`GET ${HEALTH}`)).json;
    assert.deepEqual(all.map(({ cluster }: { cluster: string }) => cluster), ["another", CLUSTER]);
    assert.deepEqual(all[1], json);
    health.stop();
  },
});

Deno.test({
  name: "destinations: an operator can force a destination down, or drain a server, for a limited time",
  permissions: "none",
  async fn() {
    const { call, log, health } = await served();
    const set = await call(`PUT ${OVERRIDES}/b`, { body: { state: "down", for_s: 60 } });
    const times = { since: "2026-01-01T00:00:00.000Z", expires_at: "2026-01-01T00:01:00.000Z" };
    assert.deepEqual([set.status, set.json], [200, { name: "b", state: "down", by: "alice", ...times }]);
    const server = await call(`PUT ${OVERRIDES}/server:s3`, { body: { state: "drain", for_s: 60 } });
    assert.equal(server.status, 200);
    const { json } = await call(`GET ${HEALTH}/${CLUSTER}`);
    assert.deepEqual(json.destinations[2].override, set.json);
    assert.equal(json.destinations[2].share, 0);
    assert.deepEqual(json.servers, [server.json]);
    const removed = await call(`DELETE ${OVERRIDES}/b`);
    assert.deepEqual([removed.status, removed.text], [204, ""]);
    assert.equal((await call(`DELETE ${OVERRIDES}/b`)).status, 404);
    assert.equal((await call(`GET ${HEALTH}/${CLUSTER}`)).json.destinations[2].override, null);
    const events = log.map((line) => JSON.parse(line)).filter(({ event }) => event.startsWith("override_"));
    assert.deepEqual(events.map(({ event, name, state, by }) => [event, name, state, by]), [
      ["override_set", "b", "down", "alice"],
      ["override_set", "server:s3", "drain", "alice"],
      ["override_removed", "b", "down", "alice"],
    ]);
    health.stop();
  },
});

Deno.test({
  name: "destinations: an unknown destination and an invalid value are refused by name",
  permissions: "none",
  async fn() {
    const { call, health } = await served();
    const up = { state: "up" };
    const drain = { state: "drain", for_s: 60 };
    const refused: [line: string, body: unknown, status: number, type: string, place?: string][] = [
      [`GET ${HEALTH}/gone`, undefined, 404, "unknown-route"],
      [`GET ${HEALTH}?a=1`, undefined, 400, "invalid-parameter", "a"],
      [`PUT ${HEALTH}/gone/a`, up, 404, "unknown-route"],
      [`PUT ${HEALTH}/${CLUSTER}/c`, up, 404, "unknown-destination"],
      [`PUT ${HEALTH}/${CLUSTER}/b`, up, 404, "unknown-destination"],
      [`PUT ${HEALTH}/${CLUSTER}/server:s3`, up, 404, "unknown-destination"],
      [`PUT ${HEALTH}/${CLUSTER}/A_b`, up, 400, "invalid-parameter", "name"],
      [`PUT ${HEALTH}/${CLUSTER}/a`, { state: "well" }, 422, "invalid-body", "/state"],
      [`PUT ${HEALTH}/${CLUSTER}/a`, { ...up, reason: "a".repeat(301) }, 422, "invalid-body", "/reason"],
      [`PUT ${HEALTH}/${CLUSTER}/a`, { ...up, by: "me" }, 422, "invalid-body", "/by"],
      [`PUT /api/v1/overrides/gone/a`, drain, 404, "unknown-route"],
      [`PUT ${OVERRIDES}/c`, drain, 404, "unknown-destination"],
      [`PUT ${OVERRIDES}/server:`, drain, 400, "invalid-parameter", "name"],
      [`PUT ${OVERRIDES}/server:s3`, { ...drain, state: "up" }, 422, "invalid-body", "/state"],
      [`PUT ${OVERRIDES}/a`, { state: "drain" }, 422, "invalid-body", "/for_s"],
      [`PUT ${OVERRIDES}/a`, { ...drain, for_s: 0 }, 422, "invalid-body", "/for_s"],
      [`PUT ${OVERRIDES}/a`, { ...drain, for_s: OVERRIDE_S_MAX + 1 }, 422, "invalid-body", "/for_s"],
      [`DELETE ${OVERRIDES}/a`, undefined, 404, "unknown-override"],
      [`DELETE /api/v1/overrides/gone/a`, undefined, 404, "unknown-override"],
    ];
    for (const [line, body, status, type, place] of refused) {
      const { json, ...answer } = await call(line, body === undefined ? {} : { body });
      assert.deepEqual(
        [answer.status, json.type.split("/").at(-1)],
        [status, type],
        `${line}: ${answer.text}`,
      );
      const [error = {}] = json.errors ?? [];
      if (place) assert.ok([error.pointer, error.parameter].includes(place), `${line}: ${answer.text}`);
    }
    const drained = (await call(`GET ${HEALTH}`)).json.flatMap(({ servers }: { servers: unknown[] }) =>
      servers
    );
    assert.deepEqual(drained, []);
    health.stop();
  },
});
