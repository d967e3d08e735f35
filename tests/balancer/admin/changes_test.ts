import assert from "node:assert/strict";
import { Changes, noChanges } from "../../../src/balancer/admin/changes.ts";
import type { RouteSettings } from "../../../src/balancer/choose/routing.ts";
import { StoreUnavailable } from "../../../src/balancer/store/store.ts";
import { createLog } from "../../../src/shared/log.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";
import { FULL, FULL_JSON } from "../../support/http/route_options.ts";

const SETTINGS: RouteSettings = {
  cdnHost: "cdn.example.net",
  cdnWeight: 9,
  originWeight: 1,
  originPort: null,
};

Deno.test({
  name: "changes: each change writes one log line, a refused change writes none, and all are counted",
  permissions: "none",
  async fn() {
    const lines: string[] = [];
    const write = (line: string) => lines.push(line);
    const log = createLog({ level: "info", format: "json", write, now: () => new Date(0) });
    const [store, counts] = [new MemoryStore(), noChanges()];
    const changes = new Changes(store, log, counts);
    const request = { cluster: "origin-cluster", by: "alice", conditions: {} };
    await assert.rejects(changes.remove(request), { problem: "unknown-route" });
    await assert.rejects(changes.patch(request, () => SETTINGS), { problem: "unknown-route" });
    await changes.put(request, SETTINGS);
    const stale = { ...request, conditions: { "If-Match": '"9"' } };
    await assert.rejects(changes.patch(stale, () => assert.fail()), { problem: "precondition-failed" });
    await changes.patch({ ...request, by: "bob" }, ({ cdnHost }) => ({ ...SETTINGS, cdnHost, cdnWeight: 1 }));
    await changes.put(request, FULL);
    await changes.remove(request);
    const told = lines.map((line) => JSON.parse(line));
    assert.deepEqual(told.map(({ event, message }) => [event, message]), [
      ["route_changed", "alice created the route of origin-cluster"],
      ["route_changed", "bob changed the route of origin-cluster"],
      ["route_changed", "alice changed the route of origin-cluster"],
      ["route_changed", "alice removed the route of origin-cluster"],
    ]);
    assert.deepEqual(told.map(({ by, version }) => [by, version]), [["alice", 1], ["bob", 2], ["alice", 3], [
      "alice",
      undefined,
    ]]);
    assert.deepEqual([told[2].after, told[3].before], [FULL_JSON, FULL_JSON]);
    store.fail(new StoreUnavailable("down"));
    await assert.rejects(changes.put(request, SETTINGS), StoreUnavailable);
    store.fail(undefined);
    store.change = () => Promise.reject(new Error("broken"));
    await assert.rejects(changes.put(request, SETTINGS), /broken/);
    assert.deepEqual(counts, {
      ...{ made: 1, changed: 2, removed: 1 },
      ...{ conflict: 1, refused: 2, unavailable: 1, failed: 1 },
    });
    assert.deepEqual([told[1].before.cdn_weight, told[1].after.cdn_weight], [9, 1]);
  },
});
