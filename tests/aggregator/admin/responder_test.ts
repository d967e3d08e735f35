import assert from "node:assert/strict";
import { adminResponder, currentStatus } from "../../../src/aggregator/admin/responder.ts";
import { pageFiles } from "../../../src/aggregator/admin/files.ts";
import type { Report } from "../../../src/aggregator/admin/report.ts";
import { EventStreams } from "../../../src/shared/http/event_streams.ts";
import { boards, FACTS, REPORT, SAMPLE } from "../../support/http/admin_report.ts";

/** Sends a request to a responder whose master ticked `ageMs` ago. */
async function ask(
  target: string,
  { method = "GET", fields = [] as [string, string][], report = REPORT as Partial<Report>, ageMs = 100 } = {},
) {
  const { writer, reader } = boards();
  writer.tick(60_000);
  writer.report({ ...REPORT, ...report }, SAMPLE);
  const streams = new EventStreams({
    streamsMax: 0,
    intervalMs: 1000,
    lifetimeMs: 1000,
    message: () => "{}",
    setTimer: () => () => {},
  });
  const parts = { board: reader, facts: FACTS, files: pageFiles(), streams, nowMs: () => 60_000 + ageMs };
  const from = { transport: "tcp", hostname: "192.0.2.1", port: 1 } as const;
  const answer = await adminResponder(parts).answer({ method, target, fields, body: undefined, from });
  assert.ok("body" in answer);
  const body = typeof answer.body === "string" ? answer.body : new TextDecoder().decode(answer.body);
  return { status: Number(answer.head.split(" ")[1]), head: answer.head, body, parts };
}

Deno.test({
  name: "admin responder: every path answers GET, and HEAD without a body",
  permissions: "none",
  async fn() {
    const types = {
      "/": "text/html",
      "/assets/shared/page/shell.css": "text/css",
      "/metrics": "text/plain; version=0.0.4",
      "/healthz": "application/json",
      "/readyz?x": "application/json",
      "/api/v1/status": "application/json",
      "http://a:1/metrics": "text/plain; version=0.0.4",
    };
    for (const [target, type] of Object.entries(types)) {
      const { status, head, body } = await ask(target);
      assert.equal(status, 200, target);
      assert.ok(head.includes(`content-type: ${type}`), `${target}: ${head}`);
      assert.ok(head.includes(`content-length: ${new TextEncoder().encode(body).length}\r\n`), target);
      const headOnly = await ask(target, { method: "HEAD" });
      assert.deepEqual([headOnly.status, headOnly.body], [200, ""], target);
    }
    assert.equal((await ask("/nothing")).status, 404);
    assert.equal((await ask("/metrics", { method: "POST" })).status, 405);
  },
});

Deno.test({
  name: "admin responder: /healthz and /readyz report troubles by status code and in JSON",
  permissions: "none",
  async fn() {
    const failing = { sinkFailing: 1 };
    assert.equal((await ask("/healthz", { report: failing })).status, 200);
    const notReady = await ask("/readyz", { report: failing });
    assert.equal(notReady.status, 503);
    const { status, reasons } = JSON.parse(notReady.body);
    assert.deepEqual([status, reasons[0].code], ["not ready", "sink_failing"]);
    for (const path of ["/healthz", "/readyz"]) {
      const stuck = await ask(path, { ageMs: 2001 });
      assert.deepEqual([stuck.status, JSON.parse(stuck.body).reasons[0].code], [503, "master_silent"]);
    }
  },
});

Deno.test({
  name: "admin responder: the client chooses the metrics format and whether the status has its history",
  permissions: "none",
  async fn() {
    const open = await ask("/metrics", { fields: [["ACCEPT", "application/openmetrics-text"]] });
    assert.ok(open.body.endsWith("# EOF\n"));
    assert.match(open.head, /content-type: application\/openmetrics-text; version=1\.0\.0; charset=utf-8/);
    assert.ok("history" in JSON.parse((await ask("/api/v1/status")).body));
    const brief = await ask("/api/v1/status?history=no");
    assert.ok(!("history" in JSON.parse(brief.body)));
    assert.equal(JSON.parse(currentStatus(brief.parts)).messages.accepted, 101);
  },
});

Deno.test({
  name: "admin responder: a refused event stream names the request to use instead",
  permissions: "none",
  async fn() {
    const { status, head, body } = await ask("/api/v1/events");
    assert.equal(status, 503);
    assert.match(head, /retry-after: 30\r\n/);
    assert.match(body, /\/api\/v1\/status\?history=no/);
  },
});
