import assert from "node:assert/strict";
import type { Target } from "../../../src/balancer/health/checks.ts";
import { probe } from "../../../src/balancer/health/probe.ts";
import { CHECK_DEFAULTS } from "../../../src/balancer/routes/route_options.ts";
import { makeAuthority } from "../../support/http/certificates.ts";

const LOOPBACK = { permissions: { net: ["127.0.0.1", "localhost"] } };
const PRIVATE = { allowsPrivate: true };

const targetAt = (port: number, settings: Partial<Target> = {}): Target => ({
  ...CHECK_DEFAULTS,
  timeoutS: 20,
  url: `http://127.0.0.1:${port}/ping?a=1`,
  ...settings,
});

/** Serves one request per connection. If `answer` returns undefined, the request gets no answer. */
function serve(listener: Deno.Listener, answer: (request: string) => string | undefined) {
  const requests: string[] = [];
  const silent: Deno.Conn[] = [];
  const ended = (async () => {
    for await (const conn of listener) {
      const buffer = new Uint8Array(4096);
      const length = await conn.read(buffer).catch(() => null);
      const request = new TextDecoder().decode(buffer.subarray(0, length ?? 0));
      requests.push(request);
      const text = answer(request);
      if (text === undefined) silent.push(conn);
      else {
        await conn.write(new TextEncoder().encode(text)).catch(() => {});
        conn.close();
      }
    }
  })();
  return {
    requests,
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await ended;
      for (const conn of silent) conn.close();
    },
  };
}

const listen = () => Deno.listen({ hostname: "127.0.0.1", port: 0 });
const status = (line: string) => `HTTP/1.1 ${line}\r\ncontent-length: 0\r\n\r\n`;

Deno.test({
  name: "probe: it asks with HEAD, follows no redirect, and reads no body",
  ...LOOPBACK,
  async fn() {
    await using server = serve(
      listen(),
      () => "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\nbody",
    );
    assert.deepEqual(await probe(targetAt(server.port), PRIVATE), { kind: "well" });
    const [head, ...others] = server.requests;
    assert.match(head!, /^HEAD \/ping\?a=1 HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
    assert.deepEqual(others, []);
  },
});

Deno.test({
  name: "probe: it asks with GET if the server does not support HEAD",
  ...LOOPBACK,
  async fn() {
    for (const refusal of ["405 Method Not Allowed", "501 Not Implemented"]) {
      await using server = serve(
        listen(),
        (request) => status(request.startsWith("HEAD") ? refusal : "204 No Content"),
      );
      assert.deepEqual(await probe(targetAt(server.port), PRIVATE), { kind: "well" });
      assert.deepEqual(server.requests.map((request) => request.slice(0, 5)), ["HEAD ", "GET /"]);
    }
  },
});

const ILL: readonly [answer: string, reason: RegExp][] = [
  [status("503 Service Unavailable"), /^status 503, expected 200-399$/],
  [status("404 Not Found"), /^status 404/],
  [`${status("103 Early Hints")}${status("500 Oops")}`, /^status 500/],
  ["", /^the answer is not HTTP\/1\.1$/],
  ["SSH-2.0-server\r\n", /^the answer is not HTTP/],
  ["HTTP/1.1 999 Ha\r\n\r\n", /^the answer is not HTTP/],
  ["HTTP/1.1 200", /^the answer is not HTTP/],
  [`HTTP/1.1 100 Continue\r\nx: ${"y".repeat(20_000)}`, /^the answer is not HTTP/],
];

Deno.test({
  name: "probe: any other answer is a failure with a reason",
  ...LOOPBACK,
  async fn() {
    for (const [answer, reason] of ILL) {
      await using server = serve(listen(), () => answer);
      const outcome = await probe(targetAt(server.port), PRIVATE);
      assert.ok(outcome.kind === "ill", answer);
      assert.match(outcome.reason, reason);
    }
    await using server = serve(listen(), () => `${status("100 Continue")}${status("404 Not Found")}`);
    assert.deepEqual(await probe(targetAt(server.port, { expect: "404-404" }), PRIVATE), { kind: "well" });
    const closed = listen();
    const { port } = closed.addr as Deno.NetAddr;
    closed.close();
    const refused = await probe(targetAt(port), PRIVATE);
    assert.ok(refused.kind === "ill" && /refused/i.test(refused.reason), Deno.inspect(refused));
  },
});

Deno.test({
  name: "probe: it times out if the server does not answer or accept",
  ...LOOPBACK,
  async fn() {
    const late = { kind: "ill", reason: "no answer within 0.1 s" };
    {
      await using server = serve(listen(), () => undefined);
      assert.deepEqual(await probe(targetAt(server.port, { timeoutS: 0.1 }), PRIVATE), late);
    }
    // The accept queue is full, so the kernel lets no further connection through.
    using full = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
    const { port } = full.addr as Deno.NetAddr;
    const waiting = [];
    for (let i = 0; i < 2; i++) waiting.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => probe(targetAt(port, { timeoutS: 0.1 }), PRIVATE)),
    );
    assert.deepEqual(outcomes, [late, late, late]);
    for (const conn of waiting) conn.close();
  },
});

Deno.test({
  name: "probe: over https the certificate is verified",
  ...LOOPBACK,
  async fn() {
    const authority = await makeAuthority();
    const { certificate: cert, key } = await authority.issue("localhost");
    const settings = { hostname: "127.0.0.1", port: 0, cert, key };
    const caCerts = [authority.certificate];
    await using server = serve(Deno.listenTls(settings), () => status("200 OK"));
    const asked = async (host: string, options: { caCerts?: string[] }) =>
      await probe(targetAt(1, { url: `https://${host}:${server.port}/` }), { ...PRIVATE, ...options });
    assert.deepEqual(await asked("localhost", { caCerts }), { kind: "well" });
    for (const [host, options] of [["localhost", {}], ["127.0.0.1", { caCerts }]] as const) {
      const outcome = await asked(host, options);
      assert.ok(outcome.kind === "ill" && /certificate/.test(outcome.reason), Deno.inspect(outcome));
    }
  },
});

Deno.test({
  name: "probe: without --probe-private no loopback or link-local address is probed, by whatever name",
  ...LOOPBACK,
  async fn() {
    await using server = serve(listen(), () => status("200 OK"));
    const options = { allowsPrivate: false };
    for (const host of ["127.0.0.1", "localhost"]) {
      const target = targetAt(0, { url: `http://${host}:${server.port}/` });
      assert.deepEqual(await probe(target, options), {
        kind: "barred",
        reason: "127.0.0.1 is a loopback address: only --probe-private on lets it be probed",
      });
    }
    assert.deepEqual(server.requests, []);
  },
});

Deno.test({
  name:
    "probe: a name that resolves to a loopback address only when connecting is noticed before anything is sent",
  ...LOOPBACK,
  async fn() {
    await using server = serve(listen(), () => status("200 OK"));
    const target = targetAt(0, { url: `http://localhost:${server.port}/` });
    const notPermitted = Object.assign(new Error("getaddrinfo EPERM localhost"), { code: "EPERM" });
    for (const addresses of [["192.0.2.1"], notPermitted]) {
      const resolve = () =>
        addresses instanceof Error ? Promise.reject(addresses) : Promise.resolve(addresses);
      const outcome = await probe(target, { allowsPrivate: false, resolve });
      assert.ok(
        outcome.kind === "barred" && /^127\.0\.0\.1 is a loopback address/.test(outcome.reason),
      );
    }
    const resolve = () => Promise.reject(new Error("getaddrinfo ENOTFOUND localhost"));
    assert.equal((await probe(target, { allowsPrivate: false, resolve })).kind, "ill");
    assert.deepEqual(server.requests.filter((request) => request !== ""), []);
  },
});

Deno.test({
  name: "probe: without permission the outcome names the missing flag",
  permissions: "none",
  async fn() {
    for (
      const [url, host] of [
        ["http://cdn.example.net/", "cdn.example.net:80"],
        ["https://cdn.example.net/", "cdn.example.net:443"],
        ["http://[2001:db8::1]:81/", "[2001:db8::1]:81"],
      ] as const
    ) {
      assert.deepEqual(await probe(targetAt(0, { url }), PRIVATE), {
        kind: "barred",
        reason: `the net permission to probe it is missing: run again with --allow-net=${host}`,
      });
    }
  },
});
