import assert from "node:assert/strict";
import { BalancerClient } from "../../src/prober/balancer_client.ts";

const UP = { state: "up", reason: "" } as const;
const DOWN = { state: "down", reason: "status 503" } as const;
const CHECK = { every_s: 2, timeout_s: 1, down_after: 2, up_after: 3, expect: "200-399" };

interface Request {
  readonly line: string;
  readonly body: unknown;
  answer(status: number, json?: unknown): void;
  fail(reason: string): void;
}

/** Makes a client of a simulated balancer. The test decides when each request is answered. */
function client() {
  const requests: Request[] = [];
  const problems: (string | undefined)[] = [];
  const made = new BalancerClient({
    url: "http://balancer:8081",
    token: "secret",
    reported: (problem) => void problems.push(problem),
    fetch: (url, { method, headers, body }) => {
      assert.equal((headers as Record<string, string>).Authorization, "Bearer secret");
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      requests.push({
        line: `${method} ${url}`,
        body: body === undefined ? undefined : JSON.parse(String(body)),
        answer: (status, json) =>
          resolve(new Response(status === 204 ? null : JSON.stringify(json ?? null), { status })),
        fail: (reason) => reject(new TypeError(reason)),
      });
      return promise;
    },
  });
  return { made, requests, problems };
}

/** Waits until every pending promise callback has run. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test({
  name: "balancer client: it reads the destinations that have a check",
  permissions: "none",
  async fn() {
    const { made, requests } = client();
    const places = made.places();
    requests[0]!.answer(200, [{
      cluster: "a",
      destinations: [
        { name: "origin", check: null },
        { name: "cdn", check: { ...CHECK, url: "http://cdn/ping" } },
      ],
    }]);
    const rules = { everyS: 2, timeoutS: 1, downAfter: 2, upAfter: 3, expect: "200-399" };
    assert.deepEqual(await places, [{
      cluster: "a",
      name: "cdn",
      target: { url: "http://cdn/ping", ...rules },
    }]);
    assert.equal(requests[0]!.line, "GET http://balancer:8081/api/v1/health");
    const refused = made.places();
    requests[1]!.answer(403, { title: "The token does not allow this call", detail: "use another" });
    await assert.rejects(refused, /^Error: status 403: The token does not allow this call: use another$/);
    const strange = made.places();
    requests[2]!.answer(502, "bad gateway");
    await assert.rejects(strange, /^Error: status 502$/);
  },
});

Deno.test({
  name:
    "balancer client: at most four reports are sent at once, and of waiting reports only the newest per destination",
  permissions: "none",
  async fn() {
    const { made, requests, problems } = client();
    for (let at = 0; at < 10; at++) made.report("a", `cdn-${at}`, UP);
    for (let at = 0; at < 10; at++) made.report("a", `cdn-${at}`, { ...DOWN, reason: "x".repeat(400) });
    assert.equal(requests.length, 4);
    for (let at = 0; at < requests.length; at++) {
      requests[at]!.answer(204);
      await settled();
    }
    assert.equal(requests.length, 14);
    assert.equal(new Set(requests.slice(4).map(({ line }) => line)).size, 10);
    assert.deepEqual(requests[0]!.body, UP);
    assert.deepEqual(requests.at(-1)!.body, { state: "down", reason: "x".repeat(300) });
    assert.deepEqual(problems, Array(14).fill(undefined));
  },
});

Deno.test({
  name: "balancer client: a failed report is a problem, except for a destination that no longer exists",
  permissions: "none",
  async fn() {
    const { made, requests, problems } = client();
    for (let at = 0; at < 3; at++) made.report("a", `cdn-${at}`, UP);
    requests[0]!.answer(404, { title: "There is no route for this cluster", detail: "" });
    await settled();
    requests[1]!.answer(401, { title: "The token is wrong", detail: "send one" });
    await settled();
    requests[2]!.fail("connection refused");
    await settled();
    assert.deepEqual(problems, [
      undefined,
      "status 401: The token is wrong: send one",
      "connection refused",
    ]);
  },
});
