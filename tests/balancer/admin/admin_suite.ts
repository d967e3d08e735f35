/**
 * The tests of the admin API that must pass with every kind of store: in memory, PostgreSQL and PGlite.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Store } from "../../../src/balancer/store/store.ts";
import { FULL_JSON } from "../../support/http/route_options.ts";
import {
  adminClient,
  type Answer,
  BOB,
  type Call,
  ONE,
  ROUTES,
  SETTINGS,
} from "../../support/http/admin_client.ts";

/** A kind of store to run the tests with; the backends of `database.ts` are such kinds. */
export interface RouteKeeper {
  readonly name: string;
  /** The permissions that `fresh` and its stores need. */
  readonly permissions: Deno.PermissionOptions;
  /** Makes an empty place for routes and history. Disposing of the place removes it. */
  fresh(): Promise<AsyncDisposable & { instance(): Promise<Store> }>;
}

type Check = (call: Call) => Promise<void>;

/** The tests by name. Each test gets a new store. */
const SUITE: Readonly<Record<string, Check>> = {
  "a route can be created, read, replaced and removed": async (call) => {
    const made = await call(`PUT ${ONE}`, { body: SETTINGS });
    assert.deepEqual([made.status, made.headers.get("ETag"), made.headers.get("Location")], [
      201,
      '"1"',
      ONE,
    ]);
    const { updated_at, ...fields } = made.json;
    const expected = { cluster: "origin-cluster", ...SETTINGS, version: 1, updated_by: "alice" };
    assert.deepEqual(fields, expected);
    assert.equal(new Date(updated_at).toISOString(), updated_at);
    assert.deepEqual((await call(`GET ${ONE}`)).json, made.json);
    const replaced = await call(`PUT ${ONE}`, { body: { ...SETTINGS, cdn_weight: 0 }, token: BOB });
    assert.deepEqual([replaced.status, replaced.headers.get("ETag"), replaced.headers.get("Location")], [
      200,
      '"2"',
      null,
    ]);
    assert.deepEqual([replaced.json.cdn_weight, replaced.json.version, replaced.json.updated_by], [
      0,
      2,
      "bob",
    ]);
    assert.deepEqual((await call(`GET ${ROUTES}`)).json, [replaced.json]);
    const removed = await call(`DELETE ${ONE}`);
    assert.deepEqual([removed.status, removed.text], [204, ""]);
    assert.deepEqual([(await call(`GET ${ONE}`)).status, (await call(`DELETE ${ONE}`)).status], [404, 404]);
    assert.deepEqual((await call(`GET ${ROUTES}`)).json, []);
    assert.equal((await call(`PUT ${ONE}`, { body: SETTINGS })).json.version, 4);
  },

  "a cluster's name is the same in any case and percent-encoding": async (call) => {
    const made = await call(`PUT ${ROUTES}/Origin%2DCluster`, { body: SETTINGS });
    assert.deepEqual([made.json.cluster, made.headers.get("Location")], ["origin-cluster", ONE]);
    for (const name of ["origin-cluster", "ORIGIN-CLUSTER", "%6Frigin-cluster"]) {
      assert.equal((await call(`GET ${ROUTES}/${name}`)).status, 200, name);
    }
  },

  "a patch changes only the fields that it contains": async (call) => {
    await call(`PUT ${ONE}`, { body: { ...SETTINGS, origin_port: 8080 } });
    const types = ["application/merge-patch+json", "application/json; charset=utf-8", "Application/JSON"];
    const patches = [{ cdn_weight: 3 }, { cdn_host: "https://other.example/base" }, { origin_port: null }];
    let expected: Record<string, unknown> = { ...SETTINGS, origin_port: 8080 };
    for (const [index, body] of patches.entries()) {
      const headers = { "Content-Type": types[index]! };
      const { status, json } = await call(`PATCH ${ONE}`, { body, headers });
      expected = { ...expected, ...body };
      const { cdn_host, cdn_weight, origin_weight, origin_port, version } = json;
      assert.deepEqual([status, version], [200, index + 2]);
      assert.deepEqual({ cdn_host, cdn_weight, origin_weight, origin_port }, expected);
    }
    assert.equal((await call(`PATCH ${ROUTES}/other`, { body: {} })).status, 404);
    await call(`PATCH ${ONE}`, { body: { cdn_weight: 0 } });
    const { status, json } = await call(`PATCH ${ONE}`, { body: { origin_weight: 0 } });
    assert.deepEqual([status, json.errors[0].pointer], [422, "/origin_weight"]);
  },

  "several CDNs and all options are stored, and so is their history": async (call) => {
    await call(`PUT ${ONE}`, { body: SETTINGS });
    const { cdns, origin_check, ...rest } = FULL_JSON;
    // Default values may be given, but are not shown.
    const given = { ...FULL_JSON, cdns: cdns.map((cdn) => ({ enabled: true, check: null, ...cdn })) };
    const replaced = await call(`PUT ${ONE}`, { body: given });
    const expected = {
      cluster: "origin-cluster",
      ...FULL_JSON,
      version: 2,
      updated_at: replaced.json.updated_at,
      updated_by: "alice",
    };
    assert.deepEqual(replaced.json, expected);
    assert.deepEqual((await call(`GET ${ONE}`)).json, expected);
    assert.deepEqual((await call(`GET ${ROUTES}`)).json, [expected]);
    const refused = await call(`PATCH ${ONE}`, { body: { cdn_weight: 0 } });
    assert.deepEqual([refused.status, refused.json.errors[0].pointer], [422, "/cdn_weight"]);
    const patch = { origin_check: { every_s: 9 }, status: null, enabled: true };
    const patched = await call(`PATCH ${ONE}`, { body: patch });
    const { status: _, enabled: __, ...left } = rest;
    const after = { cdns, ...left, origin_check: { ...origin_check, every_s: 9 } };
    assert.deepEqual((await call(`GET ${ONE}`)).json, patched.json);
    await call(`DELETE ${ONE}`);
    const versions = (await call(`GET ${ONE}/history`)).json;
    const settings = versions.map((
      entry: { before: unknown; after: unknown },
    ) => [entry.before, entry.after]);
    assert.deepEqual(settings, [[after, null], [FULL_JSON, after], [SETTINGS, FULL_JSON], [null, SETTINGS]]);
    const restored = await call(`POST ${ONE}/restore`, { body: { version: 2 } });
    assert.deepEqual(restored.json, { ...expected, version: 5, updated_at: restored.json.updated_at });
    const back = await call(`POST ${ONE}/restore`, { body: { version: 1 } });
    const { version: ___, updated_at: ____, ...short } = back.json;
    assert.deepEqual(short, { cluster: "origin-cluster", ...SETTINGS, updated_by: "alice" });
  },

  "the history is paged, newest version first": async (call) => {
    for (let cdn_weight = 1; cdn_weight <= 5; cdn_weight++) {
      await call(`PUT ${ONE}`, { body: { ...SETTINGS, cdn_weight } });
    }
    await call(`DELETE ${ONE}`, { token: BOB });
    const pages: Answer[] = [];
    for (let next: string | undefined = `${ONE}/history?limit=2`; next !== undefined;) {
      const page = await call(`GET ${next}`);
      pages.push(page);
      next = /^<(.*)>; rel="next"$/.exec(page.headers.get("Link") ?? "")?.[1];
    }
    assert.deepEqual(pages.map(({ json }) => json.map((entry: { version: number }) => entry.version)), [
      [6, 5],
      [4, 3],
      [2, 1],
    ]);
    const [last, before] = pages[0]!.json;
    assert.deepEqual([last.by, last.after, last.before], ["bob", null, { ...SETTINGS, cdn_weight: 5 }]);
    assert.deepEqual([before.before.cdn_weight, before.after.cdn_weight], [4, 5]);
    assert.equal(pages[2]!.json[1].before, null);
    assert.equal((await call(`GET ${ONE}/history`)).json.length, 6);
    assert.deepEqual((await call(`GET ${ONE}/history?before=1`)).json, []);
    assert.equal((await call(`GET ${ROUTES}/other/history`)).status, 404);
  },

  "restoring a version makes a new version": async (call) => {
    await call(`PUT ${ONE}`, { body: SETTINGS });
    await call(`PUT ${ONE}`, { body: { ...SETTINGS, cdn_weight: 1 } });
    const restored = await call(`POST ${ONE}/restore`, { body: { version: 1 }, token: BOB });
    assert.deepEqual([restored.status, restored.headers.get("ETag")], [200, '"3"']);
    assert.deepEqual([restored.json.cdn_weight, restored.json.updated_by], [9, "bob"]);
    await call(`DELETE ${ONE}`);
    const refused = await call(`POST ${ONE}/restore`, { body: { version: 4 } });
    assert.deepEqual([refused.status, refused.json.errors[0].pointer], [409, "/version"]);
    const revived = await call(`POST ${ONE}/restore`, { body: { version: 2 } });
    assert.deepEqual([revived.status, revived.json.version, revived.json.cdn_weight], [201, 5, 1]);
    for (const version of [6, 2 ** 31 - 2]) {
      const { status, json } = await call(`POST ${ONE}/restore`, { body: { version } });
      assert.deepEqual([status, json.errors[0].pointer], [404, "/version"]);
    }
    assert.equal((await call(`POST ${ROUTES}/other/restore`, { body: { version: 1 } })).status, 404);
    const stale = await call(`POST ${ONE}/restore`, { body: { version: 1 }, headers: { "If-Match": '"4"' } });
    assert.equal(stale.status, 412);
  },

  "a change is made only if its conditions hold": async (call) => {
    const absent: [string, Record<string, string>, number][] = [
      ["PUT", { "If-Match": '"1"' }, 412],
      ["PUT", { "If-Match": "*" }, 412],
      ["PATCH", { "If-Match": '"1"' }, 404],
      ["DELETE", { "If-None-Match": "*" }, 404],
      ["PUT", { "If-None-Match": "*" }, 201],
    ];
    for (const [method, headers, status] of absent) await expectChange(call, method, headers, status);
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      for (const headers of STALE) await expectChange(call, method, headers, 412);
      assert.equal((await call(`GET ${ONE}`)).json.version, 1, method);
    }
    for (const [version, header] of ['"1"', '"7", "2"', "*", 'W/"4","4"', '"5",'].entries()) {
      await expectChange(call, version % 2 ? "PATCH" : "PUT", { "If-Match": header }, 200);
    }
    await expectChange(call, "PUT", { "If-None-Match": '"1", W/"2"' }, 200);
    await expectChange(call, "DELETE", { "If-Match": '"7"' }, 204);
  },

  "a GET with the current ETag is answered with 304 and no body": async (call) => {
    await call(`PUT ${ONE}`, { body: SETTINGS });
    const statuses: [string, number][] = [['"1"', 304], ['W/"1"', 304], ['"2","1"', 304], ["*", 304], [
      '"2"',
      200,
    ]];
    for (const [header, status] of statuses) {
      const answer = await call(`GET ${ONE}`, { headers: { "If-None-Match": header } });
      assert.deepEqual([answer.status, answer.headers.get("ETag")], [status, '"1"'], header);
      assert.equal(answer.text === "", status === 304);
    }
    const head = await call(`HEAD ${ONE}`);
    assert.deepEqual([head.status, head.headers.get("ETag"), head.text], [200, '"1"', ""]);
  },

  "of concurrent changes for the same version, only one is made": async (call) => {
    await call(`PUT ${ONE}`, { body: SETTINGS });
    for (let version = 1; version <= 20; version++) {
      const answers = await Promise.all(
        [2, 3].map((cdn_weight) =>
          call(`PUT ${ONE}`, { body: { ...SETTINGS, cdn_weight }, headers: { "If-Match": `"${version}"` } })
        ),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412]);
    }
    const made = await Promise.all(
      [1, 2, 3].map((cdn_weight) =>
        call(`PUT ${ROUTES}/new`, { body: { ...SETTINGS, cdn_weight }, headers: { "If-None-Match": "*" } })
      ),
    );
    assert.deepEqual(made.map(({ status }) => status).sort(), [201, 412, 412]);
  },
};

const STALE: readonly Record<string, string>[] = [
  { "If-Match": '"2"' },
  { "If-Match": '"01"' },
  { "If-Match": 'W/"1"' },
  { "If-Match": '"0", W/"1", "one", ""' },
  { "If-None-Match": "*" },
  { "If-None-Match": '"1"' },
  { "If-None-Match": '"2", W/"1"' },
  { "If-Match": '"1"', "If-None-Match": '"1"' },
];

async function expectChange(call: Call, method: string, headers: Record<string, string>, status: number) {
  const answer = await call(`${method} ${ONE}`, { headers, ...method !== "DELETE" && { body: SETTINGS } });
  assert.equal(answer.status, status, `${method} ${JSON.stringify(headers)}: ${answer.text}`);
}

export function testAdminApi(keeper: RouteKeeper): void {
  for (const [name, check] of Object.entries(SUITE)) {
    Deno.test({
      name: `admin on ${keeper.name}: ${name}`,
      permissions: keeper.permissions,
      async fn() {
        await using place = await keeper.fresh();
        await check(adminClient({ store: await place.instance() }).call);
      },
    });
  }
}
