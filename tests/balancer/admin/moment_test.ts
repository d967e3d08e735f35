import assert from "node:assert/strict";
import { momentOf, type Watched } from "../../../src/balancer/admin/moment.ts";
import { makeAuthority } from "../../support/http/certificates.ts";
import { ROUTE, sampleMoment } from "../../support/http/admin_moment.ts";

const { facts, totals, database, state, changes } = sampleMoment();
const WATCHED: Watched = {
  facts,
  changes,
  master: { totals, database, state, readiness: "ready" },
  health: { noted: () => [], changes: { down: 1, up: 0 } },
  snapshot: {},
  nowMs: () => 5000,
};

Deno.test({
  name: "moment: the newest route is the one that was changed last, and unknown values are null",
  permissions: "none",
  fn() {
    const moment = momentOf(WATCHED);
    assert.equal(moment.newest, ROUTE);
    assert.deepEqual([moment.snapshotAgeSeconds, moment.certificateEndSeconds], [null, null]);
    assert.equal(moment.healthChanges.down, 1);
    const newer = { ...ROUTE, cluster: "newer", updatedAt: "2026-11-22T22:00:00.000Z" };
    const master = { ...WATCHED.master, state: { ...state, routes: [ROUTE, newer, ROUTE] } };
    for (let look = 0; look < 2; look++) assert.equal(momentOf({ ...WATCHED, master }).newest, newer);
    const none = { ...WATCHED.master, state: { ...state, routes: [] } };
    assert.equal(momentOf({ ...WATCHED, master: none }).newest, undefined);
    assert.equal(momentOf({ ...WATCHED, snapshot: { keptMs: 3000 } }).snapshotAgeSeconds, 2);
  },
});

Deno.test({
  name: "moment: the certificate's end is read from the certificate in use",
  permissions: "none",
  async fn() {
    const { certificate: cert, key } = await (await makeAuthority()).issue("127.0.0.1");
    const master = { ...WATCHED.master, state: { ...state, certificate: { cert, key } } };
    for (let look = 0; look < 2; look++) {
      const end = momentOf({ ...WATCHED, master }).certificateEndSeconds!;
      assert.ok(Math.abs(end - Date.now() / 1000 - 86_400) < 120, String(end));
    }
  },
});
