import assert from "node:assert/strict";
import { DOCS_POLICY } from "../../../src/balancer/admin/docs.ts";
import { PROBLEMS } from "../../../src/balancer/admin/problems.ts";
import { adminClient } from "../../support/admin_client.ts";
import { MemoryStore } from "../../support/memory_store.ts";

const { call } = adminClient({ store: new MemoryStore() });

Deno.test({
  name: "docs: the page is made of what this origin serves",
  permissions: "none",
  async fn() {
    const { headers, text } = await call("GET /api/v1/docs", { token: null });
    assert.equal(headers.get("Content-Type"), "text/html; charset=utf-8");
    const links = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
    assert.deepEqual(links.filter((link) => !link.startsWith("/api/v1/docs/")), ["data:,"]);
    const types = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };
    for (const link of links.filter((link) => link.startsWith("/"))) {
      const asset = await call(`GET ${link}`, { token: null });
      assert.equal(asset.status, 200, link);
      assert.equal(asset.headers.get("Content-Type"), types[link.split(".").at(-1) as keyof typeof types]);
      assert.ok(asset.text.length > 100, link);
    }
    // No script or style in the page itself: the policy forbids it.
    assert.ok(!/<style|<script(?! src=)|\son\w+=|style=/.test(text));
  },
});

Deno.test({
  name: "docs: the page may talk to this origin alone",
  permissions: "none",
  async fn() {
    const { headers } = await call("GET /api/v1/docs", { token: null });
    assert.equal(headers.get("Content-Security-Policy"), DOCS_POLICY);
    assert.ok(!/https?:|\*|unsafe/.test(DOCS_POLICY));
  },
});

Deno.test({
  name: "docs: every reference in the description leads somewhere",
  permissions: "none",
  async fn() {
    const { json } = await call("GET /api/v1/openapi.json", { token: null });
    assert.deepEqual([json.openapi, json.info.version], ["3.1.0", "1.2.3"]);
    assert.deepEqual(Object.keys(json["x-problems"]), Object.keys(PROBLEMS));
    const references = JSON.stringify(json).matchAll(/"\$ref":"#\/([^"]*)"/g);
    for (const [, path] of references) {
      assert.ok(path!.split("/").reduce((value, name) => value?.[name], json), path);
    }
    assert.deepEqual(json.components.securitySchemes.token.scheme, "bearer");
  },
});
