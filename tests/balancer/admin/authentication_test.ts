import assert from "node:assert/strict";
import { parseTokens } from "../../../src/balancer/admin/tokens.ts";
import { adminClient, ALICE, BOB, ONE, ROUTES, SETTINGS } from "../../support/http/admin_client.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

const CLOSED = [
  `GET ${ROUTES}`,
  `HEAD ${ROUTES}`,
  `GET ${ONE}`,
  `PUT ${ONE}`,
  `PATCH ${ONE}`,
  `DELETE ${ONE}`,
  `GET ${ONE}/history`,
  `POST ${ONE}/restore`,
  "GET /api/v1/health",
  "PUT /api/v1/health/origin-cluster/cdn",
  "PUT /api/v1/overrides/origin-cluster/cdn",
  `GET /api/v1/%72outes`,
  `GET /api/v1/docs/../routes`,
  "POST /api/v1/docs",
  "GET /api/v1/anything",
];
const OPEN = [
  "GET /healthz",
  "GET /readyz",
  "GET /api/v1/openapi.json",
  "GET /api/v1/docs",
  "GET /api/v1/docs/start.js",
];

Deno.test({
  name: "authentication: every path but health and the API description requires a token",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    for (const line of CLOSED) {
      const { status, headers } = await call(line, { token: null });
      assert.deepEqual([status, headers.get("WWW-Authenticate")], [401, 'Bearer realm="balancer"'], line);
    }
    for (const line of OPEN) assert.equal((await call(line, { token: null })).status, 200, line);
  },
});

Deno.test({
  name: "authentication: only a complete token with the scheme Bearer, in any case, is accepted",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    const accepted = [`Bearer ${ALICE}`, `bearer ${ALICE}`, `BEARER   ${BOB} `];
    for (const Authorization of accepted) {
      assert.equal((await call(`GET ${ROUTES}`, { token: null, headers: { Authorization } })).status, 200);
    }
    const unknown = [
      `Bearer ${ALICE.slice(1)}`,
      `Bearer ${ALICE}0`,
      `Bearer ${ALICE}=`,
      `Bearer ${ALICE.toUpperCase()}`,
      "Bearer alice",
      `Bearer ${"a".repeat(8000)}`,
    ];
    const missing = [
      "",
      "Bearer",
      `Bearer: ${ALICE}`,
      `Basic ${btoa(`alice:${ALICE}`)}`,
      `Token ${ALICE}`,
      ALICE,
      `Bearer ${ALICE}, Bearer ${BOB}`,
      `Bearer ${ALICE} ${BOB}`,
      `Bearer alice:${ALICE}`,
      `Bearer "${ALICE}"`,
    ];
    for (const [index, Authorization] of [...unknown, ...missing].entries()) {
      const { status, headers, text } = await call(`PUT ${ONE}`, {
        token: null,
        from: `192.0.2.${index}`,
        headers: { Authorization },
        body: SETTINGS,
      });
      assert.equal(status, 401, Authorization);
      assert.equal(
        headers.get("WWW-Authenticate")!.includes("invalid_token"),
        unknown.includes(Authorization),
        Authorization,
      );
      assert.ok(!text.includes(ALICE), text);
    }
    assert.equal((await call(`GET ${ROUTES}?access_token=${ALICE}`, { token: null })).status, 401);
    assert.deepEqual((await call(`GET ${ROUTES}`)).json, []);
  },
});

Deno.test({
  name: "authentication: without configured tokens the API refuses every call and says how to configure one",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore(), tokens: parseTokens("") });
    for (const line of CLOSED.filter((line) => !line.startsWith("HEAD"))) {
      for (const token of [null, ALICE]) {
        const { status, json } = await call(line, { token });
        assert.equal(status, 403, line);
        assert.match(json.detail, /set ADMIN_TOKENS to NAME:TOKEN/);
      }
    }
    for (const line of OPEN) assert.equal((await call(line, { token: null })).status, 200, line);
  },
});

Deno.test({
  name: "authentication: after too many wrong tokens an address must wait, is told how long, and is logged",
  permissions: "none",
  async fn() {
    const clock = new SimulatedClock(0);
    const { call, log } = adminClient({ store: new MemoryStore(), clock });
    const guess = (from: string) => call(`GET ${ROUTES}`, { token: `${BOB.slice(0, -1)}4`, from });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await guess("192.0.2.66")).status);
    assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429]);
    await clock.pass(1000);
    assert.equal((await guess("192.0.2.66")).status, 401);
    await clock.pass(500);
    const { status, headers, json } = await call(`GET ${ROUTES}`, { from: "192.0.2.66" });
    assert.deepEqual([status, headers.get("Retry-After")], [429, "2"]);
    assert.match(json.detail, /^wait 2 s,/);
    assert.equal(
      (await call(`GET ${ROUTES}`, { token: null, from: "192.0.2.66" })).status,
      401,
      "no attempt",
    );
    assert.equal((await call(`GET ${ROUTES}`, { from: "192.0.2.67" })).status, 200, "another address");
    for (const line of OPEN) {
      assert.equal((await call(line, { token: null, from: "192.0.2.66" })).status, 200);
    }
    await clock.pass(1500);
    assert.equal((await call(`GET ${ROUTES}`, { from: "192.0.2.66" })).status, 200);
    const told = log.map((line) => JSON.parse(line)).filter(({ event }) => event === "token_refused");
    const sum = (name: string) => told.reduce((total, entry) => total + entry[name], 0);
    assert.deepEqual([sum("refused"), sum("slowed")], [11, 3]);
    assert.ok(told.every(({ address }) => address === "192.0.2.66"));
    assert.ok(!log.some((line) => line.includes(BOB.slice(0, 8)) || line.includes(ALICE)));
  },
});

Deno.test({
  name: "authentication: a token for health is accepted for health only",
  permissions: "none",
  async fn() {
    const tokens = parseTokens(`alice:${ALICE}, prober:${BOB}:health`);
    const { call, log } = adminClient({ store: new MemoryStore(), tokens });
    const isForHealth = (line: string) =>
      /^\/api\/v1\/health(\/|$)/.test(new URL(line.split(" ")[1]!, "http://a").pathname);
    const others = [
      "GET /api/v1/healthy",
      "GET /api/v1/health%2F..%2Froutes",
      "GET /api/v1/health/../routes",
    ];
    for (const line of [...CLOSED, ...others].filter((line) => !line.startsWith("HEAD"))) {
      const { status, json } = await call(line, { token: BOB });
      assert.equal(status === 403, !isForHealth(line), line);
      if (status === 403) assert.match(json.type, /token-forbidden$/);
    }
    assert.equal((await call("GET /api/v1/health", { token: BOB })).status, 200);
    for (const line of OPEN) assert.equal((await call(line, { token: BOB })).status, 200, line);
    assert.ok(!log.some((line) => line.includes(BOB)));
  },
});
