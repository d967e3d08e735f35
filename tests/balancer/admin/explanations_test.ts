import assert from "node:assert/strict";
import { explain } from "../../../src/balancer/redirect/explain.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { adminClient } from "../../support/http/admin_client.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

const TABLE = routingTable([
  { cluster: "origin-cluster", cdnHost: "cdn.example.net", cdnWeight: 9, originWeight: 1, originPort: null },
]);
const PATH = "/api/v1/explain";
const VIDEO = "http://s1.origin-cluster/v";

Deno.test({
  name: "explanations: with a token, the API says how a request for a video would be answered",
  permissions: "none",
  async fn() {
    const { call } = adminClient({
      store: new MemoryStore(),
      explain: (video) => explain(video, TABLE, () => 0),
    });
    const found = await call(`GET ${PATH}?video=${encodeURIComponent(VIDEO)}`);
    assert.equal(found.status, 200);
    assert.deepEqual(found.json.choice, { destination: "cdn", reason: "turn" });
    assert.deepEqual(found.json.destinations[0], {
      ...{ name: "origin", weight: 1, share: 0.1 },
      ...{ health: "unchecked", reason: "" },
    });
    const refused = await call(`GET ${PATH}?video=ftp://a`);
    assert.deepEqual([refused.status, refused.json.refusal.status], [200, 400]);
    assert.equal((await call(`GET ${PATH}?video=a`, { token: null })).status, 401);
    for (const query of ["", "?vidoe=a", "?video=a&x=1"]) {
      assert.equal((await call(`GET ${PATH}${query}`)).status, 400, query);
    }
    const { call: early } = adminClient({ store: new MemoryStore(), explain: () => undefined });
    assert.equal((await early(`GET ${PATH}?video=a`)).status, 503);
  },
});
