import assert from "node:assert/strict";
import { parseHostNames } from "../../../src/balancer/admin/hosts.ts";
import { adminClient, ROUTES } from "../../support/http/admin_client.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

const PATHS = ["/healthz", "/readyz", "/api/v1/docs", "/api/v1/openapi.json", ROUTES, "/unknown"];

Deno.test({
  name: "hosts: requests for IP addresses, localhost and the configured names are answered",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore(), hosts: ["admin.example", "balancer"] });
    const known = [
      "127.0.0.1",
      "127.0.0.1:8081",
      "192.0.2.7:80",
      "0.0.0.0:8081",
      "[::1]",
      "[::1]:8081",
      "[::ffff:192.0.2.7]:8081",
      "[FE80::1]",
      "localhost",
      "LocalHost:8081",
      "localhost.",
      "admin.example",
      "Admin.Example:8081",
      "admin.example.:8081",
      "balancer:8081",
      "balancer:",
    ];
    for (const Host of known) {
      for (const path of PATHS) {
        const { status } = await call(`GET ${path}`, { headers: { Host } });
        assert.equal(status, path === "/unknown" ? 404 : 200, `${path} of ${Host}`);
      }
    }
  },
});

Deno.test({
  name: "hosts: a request for any other name is refused on every path, and the answer names the flag",
  permissions: "none",
  async fn() {
    const { call } = adminClient({ store: new MemoryStore(), hosts: ["admin.example"] });
    const strange = [
      "evil.example",
      "evil.example:8081",
      "balancer",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "evil.localhost",
      "admin.example.evil.example",
      "notadmin.example",
      "admin.example..",
      "1.2.3",
      "[::1].evil.example",
      "[evil]",
      "::1",
      "127.0.0.1:8081:evil",
      "evil@127.0.0.1",
      "127.0.0.1, evil.example",
      "localhost:8081x",
      ":8081",
    ];
    for (const Host of strange) {
      for (const path of PATHS) {
        const { status, json } = await call(`GET ${path}`, { headers: { Host } });
        assert.equal(status, 421, `${path} of ${Host}`);
        assert.match(json.detail, /--admin-host\b/);
      }
    }
    assert.equal(
      (await call(`PUT ${ROUTES}/a`, { headers: { Host: "evil.example" }, body: {} })).status,
      421,
    );
  },
});

Deno.test({
  name: "hosts: the flag takes names without a port, and refuses anything that is not a name",
  permissions: "none",
  fn() {
    assert.deepEqual(parseHostNames(""), []);
    assert.deepEqual(parseHostNames("Admin.example,my_balancer,a-1"), [
      "admin.example",
      "my_balancer",
      "a-1",
    ]);
    const bad = ["a:8081", "a,", ",", "a, b", "http://a", "a.", ".a", "-a", "a-", "*", "*.a", "ä", "[::1]"];
    for (const text of [...bad, "a".repeat(254)]) {
      assert.throws(() => parseHostNames(text), SyntaxError, text);
    }
  },
});
