import assert from "node:assert/strict";
import { type AdminEnv, adminResponder } from "../../../src/balancer/admin/server.ts";
import { BODY_BYTES_MAX } from "../../../src/balancer/admin/requests.ts";
import type { WholeRequest } from "../../../src/shared/http/exchange.ts";
import { type LogEntry, logInto } from "../../support/recorded_log.ts";

const FROM: Deno.NetAddr = { transport: "tcp", hostname: "192.0.2.1", port: 40_000 };
const REQUEST: WholeRequest = {
  method: "GET",
  target: "/a",
  fields: [["host", "b"]],
  body: undefined,
  from: FROM,
};

/** What an app is asked and answers, through the responder. */
async function ask(request: Partial<WholeRequest>, response: Response | Error = new Response("text")) {
  const asked: { request: Request; env: AdminEnv }[] = [];
  const entries: LogEntry[] = [];
  const responder = adminResponder({
    fetch(request, env) {
      asked.push({ request, env });
      if (response instanceof Error) throw response;
      return response;
    },
  }, logInto(entries));
  const { head, body } = await responder.answer({ ...REQUEST, ...request });
  return { head, body: typeof body === "string" ? body : new TextDecoder().decode(body), asked, entries };
}

Deno.test({
  name: "server: a request reaches the app as it came, with its sender; the answer goes out with its length",
  permissions: "none",
  async fn() {
    const body = new TextEncoder().encode("{}");
    const fields = [["host", "b"], ["x-a", "1"], ["x-a", "2"]] as const;
    const { head, asked } = await ask({ method: "PATCH", target: "/a?b=c", fields, body });
    const [{ request, env }] = asked as [typeof asked[number]];
    assert.equal(new URL(request.url).pathname + new URL(request.url).search, "/a?b=c");
    assert.deepEqual([request.method, request.headers.get("x-a"), await request.text()], [
      "PATCH",
      "1, 2",
      "{}",
    ]);
    assert.deepEqual(env.remoteAddr, FROM);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n(?:[a-z-]+: [^\r\n]+\r\n)*content-length: 4\r\n$/);
  },
});

Deno.test({
  name: "server: HEAD tells the length of what GET would send, and sends nothing",
  permissions: "none",
  async fn() {
    const [get, head] = [await ask({}), await ask({ method: "HEAD" })];
    assert.deepEqual([get.body, head.body, head.head], ["text", "", get.head]);
  },
});

Deno.test({
  name: "server: a target in absolute form is read as its path",
  permissions: "none",
  async fn() {
    for (
      const [target, path] of [
        ["http://evil.example/a?b", "/a?b"],
        ["http://evil.example", "/"],
        ["//a", "//a"],
        ["*", "/*"],
      ] as const
    ) {
      const { asked: [asked] } = await ask({ target });
      assert.equal(asked!.request.url, `http://localhost${path}`);
    }
  },
});

Deno.test({
  name: "server: a body that was too long to be read is too long for the app, too",
  permissions: "none",
  async fn() {
    const { asked: [asked] } = await ask({ method: "PUT", body: "too long" });
    assert.ok((await asked!.request.arrayBuffer()).byteLength > BODY_BYTES_MAX);
  },
});

Deno.test({
  name: "server: an unknown method, and an app that fails, get a line of text",
  permissions: "none",
  async fn() {
    const unknown = await ask({ method: "BREW" });
    assert.match(
      unknown.head,
      /^HTTP\/1\.1 405 [^]*\r\nallow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n/,
    );
    assert.equal(unknown.asked.length, 0);
    const failed = await ask({}, new Error("it broke"));
    assert.match(failed.head, /^HTTP\/1\.1 500 /);
    assert.equal(failed.entries[0]!.event, "admin_failed");
    assert.doesNotMatch(failed.body, /it broke/);
  },
});
