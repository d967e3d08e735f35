import assert from "node:assert/strict";
import fc from "fast-check";
import { StoreReadOnly, StoreUnavailable } from "../../../src/balancer/store/store.ts";
import { routeSchema } from "../../../src/balancer/admin/schemas.ts";
import { adminClient, type CallOptions, ONE, ROUTES, SETTINGS } from "../../support/http/admin_client.ts";
import { generatedRequests } from "./generated_requests.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

Deno.test({
  name: "app: an unknown path is answered with 404, and an unknown method with 405 and the allowed methods",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    const unknown = [
      "/api",
      "/api/v1",
      "/api/v1/",
      "/api/v1/route",
      `${ROUTES}/`,
      `/${ROUTES}`,
      `${ONE}/`,
      `${ONE}/history/`,
      `${ONE}/histories`,
      `${ONE}/a/history`,
      "/API/V1/ROUTES",
      "/api/v2/routes",
      "/healthz/",
      "/api/v1/docs//",
      "/api/v1/docs/..%2f..%2fsecret",
      "/api/v1/docs/package.json",
      "/favicon.ico",
    ];
    for (const path of unknown) {
      for (const method of ["GET", "HEAD", "POST", "OPTIONS"]) {
        assert.equal((await call(`${method} ${path}`)).status, 404, `${method} ${path}`);
      }
    }
    const methods: [path: string, allowed: string][] = [
      [ROUTES, "GET, HEAD"],
      [ONE, "GET, HEAD, PUT, PATCH, DELETE"],
      [`${ROUTES}/%2F`, "GET, HEAD, PUT, PATCH, DELETE"],
      [`${ONE}/history`, "GET, HEAD"],
      [`${ONE}/restore`, "POST"],
      ["/healthz", "GET, HEAD"],
      ["/readyz", "GET, HEAD"],
      ["/api/v1/docs", "GET, HEAD"],
      ["/api/v1/docs/", "GET, HEAD"],
      ["/api/v1/openapi.json", "GET, HEAD"],
    ];
    for (const [path, allowed] of methods) {
      for (const method of ["GET", "PUT", "PATCH", "DELETE", "POST", "OPTIONS", "PROPFIND", "get2"]) {
        if (allowed.split(", ").includes(method)) continue;
        const { status, headers } = await call(`${method} ${path}`);
        assert.deepEqual([status, headers.get("Allow")], [405, allowed], `${method} ${path}`);
      }
    }
  },
});

Deno.test({
  name: "app: a refusal names the parameter, header or field that is wrong",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    const put = { body: SETTINGS };
    const clusters = [
      "%20",
      "-a",
      "a-",
      "a..b",
      ".a",
      "a.",
      "a_b",
      "a%2Fb",
      "a%00",
      "%0d%0a",
      "%e2%82%ac",
      "%ff",
      "%",
      "%zz",
      "%25%32%66",
      "__proto__",
      "127.0.0.1",
      "a".repeat(64),
      "a.".repeat(127) + "aa",
      "*",
      "{cluster}",
      "a;b",
    ];
    const refused: [line: string, options: CallOptions, status: number, place: Record<string, string>][] = [
      ...clusters.map((name) =>
        [`PUT ${ROUTES}/${name}`, put, 400, { parameter: "cluster" }] as typeof refused[number]
      ),
      [`GET ${ROUTES}/a_b`, {}, 400, { parameter: "cluster" }],
      [`POST ${ROUTES}/a_b/restore`, { body: { version: 1 } }, 400, { parameter: "cluster" }],
      ...["0", "-1", "101", "1.5", "1e1", "0x1", "", "%20", "a", "9".repeat(40), "1&limit=2"].map((limit) =>
        [`GET ${ONE}/history?limit=${limit}`, {}, 400, { parameter: "limit" }] as typeof refused[number]
      ),
      ...["0", "-1", "2147483647", "9999999999", "99999999999", "null", "\u0661"].map((before) =>
        [`GET ${ONE}/history?before=${before}`, {}, 400, { parameter: "before" }] as typeof refused[number]
      ),
      [`GET ${ONE}/history?page=2`, {}, 400, { parameter: "page" }],
      [`GET ${ONE}/history?__proto__=2`, {}, 400, { parameter: "__proto__" }],
      [`PUT ${ONE}`, { ...put, headers: { "If-Match": "1" } }, 400, { header: "If-Match" }],
      [`DELETE ${ONE}`, { headers: { "If-None-Match": "" } }, 400, { header: "If-None-Match" }],
      [`PUT ${ONE}`, { body: "{" }, 400, { pointer: "" }],
      [`PUT ${ONE}`, { body: [] }, 422, { pointer: "" }],
      [`PUT ${ONE}`, { body: { ...SETTINGS, cdn_weight: "9" } }, 422, { pointer: "/cdn_weight" }],
      [`PUT ${ONE}`, { body: { ...SETTINGS, "a/~": 1 } }, 422, { pointer: "/a~1~0" }],
      [`PATCH ${ONE}`, { body: { cdn_host: null } }, 422, { pointer: "/cdn_host" }],
      [`POST ${ONE}/restore`, { body: {} }, 422, { pointer: "/version" }],
    ];
    for (const [line, options, status, place] of refused) {
      const answer = await call(line, options);
      const { detail: _, ...found } = answer.json?.errors?.[0] ?? {};
      assert.deepEqual([answer.status, found], [status, place], `${line}: ${answer.text}`);
    }
    assert.equal((await call(`GET ${ROUTES}`, { headers: { Accept: "text/html" } })).status, 406);
    assert.deepEqual((await call(`GET ${ROUTES}`)).json, []);
  },
});

const LINES: readonly [line: string, options: CallOptions][] = [
  [`GET ${ROUTES}`, {}],
  [`GET ${ONE}`, {}],
  [`PUT ${ONE}`, { body: SETTINGS }],
  [`PATCH ${ONE}`, { body: {} }],
  [`DELETE ${ONE}`, {}],
  [`GET ${ONE}/history`, {}],
  [`POST ${ONE}/restore`, { body: { version: 1 } }],
];

Deno.test({
  name: "app: while the database is down every call is answered with 503 and Retry-After, and later works",
  permissions: "none",
  async fn() {
    const store = new MemoryStore();
    const { call, log } = adminClient({ store });
    await call(`PUT ${ONE}`, { body: SETTINGS });
    store.fail(new StoreUnavailable("connection refused"));
    for (const [line, options] of LINES) {
      const { status, headers } = await call(line, options);
      assert.deepEqual([status, headers.get("Retry-After")], [503, "1"], line);
    }
    // An invalid request is still refused for what is wrong with it.
    assert.equal((await call(`PUT ${ONE}`, { body: {} })).status, 422);
    assert.equal((await call("GET /healthz")).status, 200);
    store.fail(undefined);
    assert.equal((await call(`GET ${ONE}`)).status, 200);
    assert.ok(!log.some((line) => line.includes("admin_failed")));
  },
});

Deno.test({
  name: "app: an unexpected error is logged, and the client is shown no detail of it",
  permissions: "none",
  async fn() {
    const store = new MemoryStore();
    const { call, log } = adminClient({ store });
    store.fail(new Error("relation routes of postgres://user:secret@db does not exist"));
    for (const [line, options] of LINES) {
      const { status, text } = await call(line, options);
      assert.equal(status, 500, line);
      assert.ok(!/relation|secret/.test(text), text);
    }
    assert.equal(log.filter((line) => JSON.parse(line).event === "admin_failed").length, LINES.length);
  },
});

Deno.test({
  name: "app: no generated request is answered with 5xx",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    const description = (await call("GET /api/v1/openapi.json")).json;
    const seen = new Map<number, number>();
    let withSeveral = 0;
    await fc.assert(
      fc.asyncProperty(generatedRequests(description), async ({ line, options, statuses }) => {
        const { status, json } = await call(line, options);
        if (String(options.body).includes('"cdns":[{')) withSeveral++;
        seen.set(status, (seen.get(status) ?? 0) + 1);
        assert.ok(status < 500, line);
        if (statuses) assert.ok(statuses.includes(String(status)), `${line} answers ${status}`);
        if (/^(GET|PUT|PATCH) [^?]*\/routes\/[^/?]*$/.test(line) && status < 300) {
          routeSchema.strict().parse(json);
        }
      }),
      { numRuns: 2000 },
    );
    // The requests must get every common status; otherwise the generator has to be updated.
    for (const status of [200, 201, 204, 400, 401, 404, 405, 406, 412, 415, 422]) {
      assert.ok(seen.has(status), `no request was answered with ${status}: ${[...seen].join("; ")}`);
    }
    assert.ok(withSeveral > 20, `${withSeveral} requests had a list of CDNs`);
  },
});

Deno.test({
  name: "app: an unknown query parameter is refused by name, and nothing is changed",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    await call(`PUT ${ONE}`, { body: SETTINGS });
    const calls = [
      `GET ${ROUTES}`,
      `GET ${ONE}`,
      `PUT ${ONE}`,
      `PATCH ${ONE}`,
      `DELETE ${ONE}`,
      `GET ${ONE}/history`,
      `POST ${ONE}/restore`,
    ];
    for (const line of calls) {
      const body = line.startsWith("POST") ? { version: 1 } : SETTINGS;
      const options = /^(GET|DELETE)/.test(line) ? {} : { body };
      for (const query of ["limits=1", "force", "a=1&b=2"]) {
        const { status, json } = await call(`${line}?${query}`, options);
        assert.deepEqual(
          [status, json.errors?.[0].parameter],
          [400, /^\w+/.exec(query)![0]],
          `${line}?${query}`,
        );
      }
    }
    assert.equal((await call(`GET ${ONE}/history?limit=1`)).json.length, 1);
    assert.equal((await call(`GET ${ONE}`)).json.version, 1);
  },
});

Deno.test({
  name:
    "app: an invalid route that was written with SQL is shown with its problem, and can be replaced or removed by its exact name",
  permissions: "none",
  async fn() {
    const store = new MemoryStore();
    const settings = { cdnHost: "no host", cdnWeight: 9, originWeight: 1, originPort: null };
    for (const cluster of ["bad", "Bad_Name", "a/b"]) await store.change(cluster, "psql", () => settings);
    const { routes } = store;
    store.routes = async () =>
      (await routes.call(store)).map((route) => ({ ...route, problem: "cdn_host: no" }));
    const { call } = adminClient({ store });
    const listed = await call(`GET ${ROUTES}`);
    assert.deepEqual(
      listed.json.map(({ problem }: { problem?: string }) => problem),
      Array(3).fill("cdn_host: no"),
    );
    assert.equal((await call(`PATCH ${ROUTES}/bad`, { body: { cdn_weight: 1 } })).status, 422);
    assert.equal((await call(`POST ${ROUTES}/bad/restore`, { body: { version: 1 } })).status, 422);
    assert.equal((await call(`PUT ${ROUTES}/bad`, { body: SETTINGS })).status, 200);
    for (const name of ["Bad_Name", "a%2Fb"]) {
      assert.equal((await call(`PUT ${ROUTES}/${name}`, { body: SETTINGS })).status, 400, name);
      assert.equal((await call(`DELETE ${ROUTES}/${name}`)).status, 204, name);
      assert.equal((await call(`DELETE ${ROUTES}/${name}`)).status, 400, name);
    }
    assert.equal((await call(`DELETE ${ROUTES}/BAD`)).status, 204);
  },
});

Deno.test({
  name: "app: changes to a read-only database are answered with that reason, and /readyz shows it",
  permissions: "none",
  async fn() {
    const store = new MemoryStore();
    store.change = () => Promise.reject(new StoreReadOnly("The database takes no changes"));
    const { call } = adminClient({ store, readiness: () => "read-only" });
    const { status, headers, json } = await call(`PUT ${ONE}`, { body: SETTINGS });
    assert.deepEqual([status, headers.get("Retry-After")], [503, "1"]);
    assert.match(json.type, /database-read-only$/);
    assert.equal((await call(`GET ${ROUTES}`)).status, 200);
    const ready = await call("GET /readyz", { token: null });
    assert.deepEqual([ready.status, ready.json], [200, { status: "read-only" }]);
  },
});
