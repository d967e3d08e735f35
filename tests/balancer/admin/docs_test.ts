import assert from "node:assert/strict";
import { DOCS_POLICY } from "../../../src/balancer/admin/docs.ts";
import { PROBLEMS } from "../../../src/balancer/admin/problems.ts";
import { adminClient } from "../../support/http/admin_client.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

const { call } = adminClient({ store: new MemoryStore() });

/** Prefixes that a proxy in front of the service may add to every path. */
const PREFIXES = ["", "/sluice", "/a/b"];
const PAGES = ["/api/v1/docs", "/api/v1/docs/"];

Deno.test({
  name: "docs: the page loads only files of its own origin, below any prefix",
  permissions: "none",
  async fn() {
    for (const path of PAGES) {
      const { headers, text } = await call(`GET ${path}`, { token: null });
      assert.equal(headers.get("Content-Type"), "text/html; charset=utf-8");
      const links = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
      assert.equal(links.length, 4);
      for (const prefix of PREFIXES) {
        const found = links.map((link) => new URL(link, `https://proxy.example${prefix}${path}`).href);
        assert.deepEqual(found, [
          "data:,",
          ...["swagger-ui.css", "swagger-ui.js", "start.js"].map((name) =>
            `https://proxy.example${prefix}/api/v1/docs/${name}`
          ),
        ]);
      }
      // The content policy forbids scripts and styles in the page itself.
      assert.ok(!/<style|<script(?! src=)|\son\w+=|style=/.test(text));
    }
    const types = {
      "swagger-ui.js": "text/javascript",
      "start.js": "text/javascript",
      "swagger-ui.css": "text/css",
    };
    for (const [name, type] of Object.entries(types)) {
      const asset = await call(`GET /api/v1/docs/${name}`, { token: null });
      assert.deepEqual([asset.status, asset.headers.get("Content-Type")], [200, `${type}; charset=utf-8`]);
      assert.ok(asset.text.length > 100, name);
    }
  },
});

Deno.test({
  name: "docs: the page finds the description and the service below its own prefix",
  permissions: "none",
  async fn() {
    const { text } = await call("GET /api/v1/docs/start.js", { token: null });
    const { json } = await call("GET /api/v1/openapi.json", { token: null });
    for (const prefix of PREFIXES) {
      const root = `https://proxy.example${prefix}/`;
      const document = { currentScript: { src: `${root}api/v1/docs/start.js` } };
      let url = "";
      new Function("document", "SwaggerUIBundle", text)(
        document,
        (options: { url: string }) => url = options.url,
      );
      assert.equal(url, `${root}api/v1/openapi.json`);
      assert.deepEqual(json.servers.map((server: { url: string }) => new URL(server.url, url).href), [root]);
    }
  },
});

Deno.test({
  name: "docs: the Swagger UI contains a DOMPurify without known vulnerabilities",
  permissions: "none",
  async fn() {
    const { text } = await call("GET /api/v1/docs/swagger-ui.js", { token: null });
    // DOMPurify sanitizes the description's Markdown. Versions before 3.2.4 let some HTML pass
    // (CVE-2025-26791).
    const [, version = ""] = /\bDOMPurify\.version="(\d+\.\d+\.\d+)"/.exec(text) ?? [];
    const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
    assert.ok(major * 1e6 + minor * 1e3 + patch >= 3_002_004, version);
  },
});

Deno.test({
  name: "docs: the content policy restricts the page to its own origin",
  permissions: "none",
  async fn() {
    const { headers } = await call("GET /api/v1/docs", { token: null });
    assert.equal(headers.get("Content-Security-Policy"), DOCS_POLICY);
    assert.ok(!/https?:|\*|unsafe/.test(DOCS_POLICY));
  },
});

Deno.test({
  name: "docs: every reference in the description resolves",
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
