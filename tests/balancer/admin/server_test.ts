import assert from "node:assert/strict";
import { type AdminApp, adminResponder } from "../../../src/balancer/admin/server.ts";
import type { WholeRequest } from "../../../src/shared/http/exchange.ts";
import { adminClient, ALICE, ONE, ROUTES, SETTINGS } from "../../support/http/admin_client.ts";
import { MemoryStore } from "../../support/database/memory_store.ts";
import { eventsOf, type LogEntry, logInto } from "../../support/recorded_log.ts";

const FROM: Deno.NetAddr = { transport: "tcp", hostname: "192.0.2.1", port: 40_000 };

const request = (
  line: string,
  fields: WholeRequest["fields"] = [],
  body?: WholeRequest["body"],
): WholeRequest => {
  const [method = "", target = ""] = line.split(" ");
  return { method, target, fields: [["Host", "127.0.0.1"], ...fields], body, from: FROM };
};

/** Returns the fields of an answer's head by their lowercase names. */
const fieldsOf = (head: string) =>
  Object.fromEntries(head.split("\r\n").slice(1, -1).map((field) => field.split(/: (.*)/).slice(0, 2)));

Deno.test({
  name: "server: HEAD is answered with the same head as GET on every path",
  permissions: "none",
  async fn() {
    const { app, call } = adminClient({ store: new MemoryStore() });
    await call(`PUT ${ONE}`, { body: SETTINGS });
    const responder = adminResponder(app, logInto([]));
    const paths = [
      "/healthz",
      "/readyz",
      "/api/v1/docs",
      "/api/v1/docs/",
      "/api/v1/docs/start.js",
      "/api/v1/docs/swagger-ui.js",
      "/api/v1/docs/swagger-ui.css",
      "/api/v1/openapi.json",
      ROUTES,
      ONE,
      `${ONE}/history`,
      `${ONE}/restore`,
      `${ROUTES}/unknown`,
      "/unknown",
    ];
    for (const path of paths) {
      for (const coding of ["identity", "gzip"]) {
        const fields = [["Authorization", `Bearer ${ALICE}`], ["Accept-Encoding", coding]] as const;
        const get = await responder.answer(request(`GET ${path}`, fields));
        const head = await responder.answer(request(`HEAD ${path}`, fields));
        assert.deepEqual([head.head, head.body.length], [get.head, 0], path);
        assert.equal(Number(fieldsOf(get.head)["content-length"]), get.body.length, path);
      }
    }
  },
});

Deno.test({
  name: "server: all clients share the bytes of a large answer",
  permissions: "none",
  async fn() {
    const { app } = adminClient({ store: new MemoryStore() });
    const responder = adminResponder(app, logInto([]));
    for (const coding of ["identity", "gzip"]) {
      const get = request("GET /api/v1/docs/swagger-ui.js", [["Accept-Encoding", coding]]);
      const answers = await Promise.all(Array.from({ length: 40 }, () => responder.answer(get)));
      const buffers = new Set(answers.map(({ body }) => (body as Uint8Array).buffer));
      assert.equal(buffers.size, 1, coding);
    }
  },
});

Deno.test({
  name: "server: a request reaches the app unchanged, and the answer is sent complete",
  permissions: "none",
  async fn() {
    const seen: unknown[] = [];
    const app: AdminApp = {
      async fetch(request, { remoteAddr }) {
        const { method, url, headers } = request;
        seen.push([method, url, headers.get("Host"), await request.text(), remoteAddr.hostname]);
        const stream = ReadableStream.from([new Uint8Array([104]), new Uint8Array([105])]);
        return new Response(stream, { status: 201, headers: { "X-A": "b" } });
      },
    };
    const { answer } = adminResponder(app, logInto([]));
    const { head, body } = await answer(request("POST /a?b=c", [["x", "y"]], new Uint8Array([111, 107])));
    assert.equal(head, "HTTP/1.1 201 Created\r\nx-a: b\r\ncontent-length: 2\r\n");
    assert.deepEqual(body, new TextEncoder().encode("hi"));
    // The host of an absolute URL replaces the field Host (RFC 9112, 3.2.2).
    await answer(request("GET http://other.example:1/a?b"));
    await answer(request("GET HTTP://other.example?b"));
    assert.deepEqual(seen, [
      ["POST", "http://localhost/a?b=c", "127.0.0.1", "ok", "192.0.2.1"],
      ["GET", "http://localhost/a?b", "other.example:1", "", "192.0.2.1"],
      ["GET", "http://localhost/?b", "other.example", "", "192.0.2.1"],
    ]);
  },
});

Deno.test({
  name: "server: an unknown method is answered with 405, and a failure of the app with 500",
  permissions: "none",
  async fn() {
    const entries: LogEntry[] = [];
    const app = { fetch: () => Promise.reject(new Error("secret")) };
    const { answer, refuse } = adminResponder(app, logInto(entries));
    const statusOf = ({ head }: { head: string }) => Number(head.split(" ")[1]);
    assert.equal(statusOf(await answer(request("TRACE /"))), 405);
    const failed = await answer(request("GET /"));
    assert.equal(statusOf(failed), 500);
    assert.ok(!String(failed.body).includes("secret"));
    assert.deepEqual(eventsOf(entries), ["admin_failed"]);
    assert.equal(statusOf(refuse({ status: 400, id: "no", reason: "no" })), 400);
  },
});

Deno.test({
  name: "server: an event stream is opened if the app allows it and there is room",
  permissions: "none",
  async fn() {
    const app: AdminApp = {
      fetch: () => new Response(null, { headers: { "Content-Type": "text/event-stream" } }),
    };
    const follow = () => Promise.resolve();
    const streams = [{ head: "HTTP/1.1 200 OK\r\n", follow }];
    const { answer } = adminResponder(app, logInto([]), { open: () => streams.pop() });
    assert.ok("follow" in await answer(request("GET /api/v1/events")));
    const full = await answer(request("GET /api/v1/events"));
    assert.match(full.head, /^HTTP\/1\.1 503 .*retry-after: 30\r\n/s);
    assert.ok(!("follow" in await answer(request("HEAD /api/v1/events"))));
  },
});
