import assert from "node:assert/strict";
import * as operations from "../../../src/balancer/admin/operations.ts";
import { adminClient } from "../../support/http/admin_client.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";

Deno.test({
  name: "operations: each has a complete description",
  permissions: "none",
  async fn() {
    const { json } = await adminClient({ store: new MemoryStore() }).call("GET /api/v1/openapi.json");
    const described = Object.entries<Record<string, Operation>>(json.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation }))
    );
    const lines = described.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    assert.deepEqual(lines.sort(), [
      "DELETE /api/v1/overrides/{cluster}/{name}",
      "DELETE /api/v1/routes/{cluster}",
      "GET /api/v1/explain",
      "GET /api/v1/health",
      "GET /api/v1/health/{cluster}",
      "GET /api/v1/routes",
      "GET /api/v1/routes/{cluster}",
      "GET /api/v1/routes/{cluster}/history",
      "GET /healthz",
      "GET /readyz",
      "PATCH /api/v1/routes/{cluster}",
      "POST /api/v1/routes/{cluster}/restore",
      "PUT /api/v1/health/{cluster}/{name}",
      "PUT /api/v1/overrides/{cluster}/{name}",
      "PUT /api/v1/routes/{cluster}",
    ]);
    assert.equal(new Set(described.map(({ operationId }) => operationId)).size, described.length);
    for (
      const { path, operationId, summary, parameters = [], requestBody, responses, security } of described
    ) {
      assert.ok(summary, operationId);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(parameters.filter((p) => p.in === "path").map((p) => p.name), inPath, operationId);
      const statuses = Object.keys(responses);
      for (const status of requestBody ? ["400", "413", "415", "422"] : []) {
        assert.ok(statuses.includes(status), operationId);
      }
      const isClosed = path.startsWith("/api/");
      assert.deepEqual(security, isClosed ? [{ [operations.TOKEN_SCHEME]: [] }] : [], operationId);
      assert.equal(statuses.includes("401"), isClosed, operationId);
      for (const [status, { description, content }] of Object.entries(responses)) {
        assert.ok(description, `${operationId} ${status}`);
        if (status >= "400") assert.deepEqual(Object.keys(content!), ["application/problem+json"]);
      }
    }
  },
});

interface Operation {
  operationId: string;
  summary: string;
  parameters?: { name: string; in: string }[];
  requestBody?: unknown;
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
  security: unknown;
}
