import assert from "node:assert/strict";
import { PATCH_EXAMPLES, PUT_EXAMPLES } from "../../../src/balancer/admin/examples.ts";
import { adminClient, ONE, ROUTES } from "../../support/http/admin_client.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

Deno.test({
  name:
    "examples: the API accepts each example unchanged, and the description shows them at their operations",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore() });
    for (const { value } of Object.values(PUT_EXAMPLES)) {
      const { status, json } = await call(`PUT ${ONE}`, { body: value });
      assert.ok(status <= 201, JSON.stringify(value));
      assert.ok(Object.keys(value).every((name) => json[name] !== undefined), JSON.stringify(json));
    }
    const { "all-to-the-origin": ofOne, ...ofTwo } = PATCH_EXAMPLES;
    await call(`PUT ${ROUTES}/one`, { body: PUT_EXAMPLES["one-cdn"].value });
    assert.equal((await call(`PATCH ${ROUTES}/one`, { body: ofOne.value })).status, 200);
    for (const { value } of Object.values(ofTwo)) {
      await call(`PUT ${ONE}`, { body: PUT_EXAMPLES["two-cdns"].value });
      const { status, text } = await call(`PATCH ${ONE}`, { body: value });
      assert.equal(status, 200, text);
    }
    const { paths } = (await call("GET /api/v1/openapi.json")).json;
    const { put, patch } = paths[`${ROUTES}/{cluster}`];
    const shown = [put, patch].flatMap(({ requestBody }) =>
      Object.values<{ examples: object }>(requestBody.content).map(({ examples }) => examples)
    );
    assert.deepEqual(shown, [PUT_EXAMPLES, PATCH_EXAMPLES, PATCH_EXAMPLES]);
  },
});
