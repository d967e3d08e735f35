import assert from "node:assert/strict";
import fc from "fast-check";
import { AccessNotes, HAND_OVER_MS } from "../../../src/balancer/access_log/access_notes.ts";
import { Redirector } from "../../../src/balancer/redirect/redirector.ts";
import { type RouteSettings, shortForm } from "../../../src/balancer/routes/route_settings.ts";
import { routingTable } from "../../../src/balancer/choose/routing.ts";
import { ask } from "../../support/http/requests.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";
import { simulateListener } from "../../support/http/simulated_listener.ts";

const FILM = "/?video=http://s1.origin-cluster/video/1488/xcg2djHckad.m3u8";
const AT_CDN = "http://cdn.example.net/s1/video/1488/xcg2djHckad.m3u8";
const AT_ORIGIN = FILM.slice("/?video=".length);

function redirector(cdnWeight = 1, originWeight = 1, turnsTaken = 0n): Redirector {
  const route = {
    cluster: "origin-cluster",
    cdnHost: "cdn.example.net",
    cdnWeight,
    originWeight,
    originPort: null,
  };
  return new Redirector(routingTable([route], { turnsTaken: () => turnsTaken }));
}

Deno.test({
  name: "redirect: the answer is a 301 without a body, and must not be cached",
  permissions: "none",
  fn() {
    const { status, headers, body } = ask(redirector(), "GET", FILM);
    assert.equal(status, 301);
    assert.deepEqual(Object.fromEntries(headers), {
      "access-control-allow-origin": "*",
      "cache-control": "no-store",
      "content-length": "0",
      "location": AT_CDN,
    });
    assert.equal(body, "");
  },
});

Deno.test({
  name: "redirect: turns follow the weights, also beyond 31, 32, 53 and 63 bits",
  permissions: "none",
  fn() {
    for (const bits of [0n, 31n, 32n, 53n, 63n]) {
      // An even number of turns is taken, so the next turn is odd and goes to the CDN.
      const turnsTaken = 2n ** bits - 6n > 0n ? 2n ** bits - 6n : 0n;
      const current = redirector(1, 1, turnsTaken);
      const locations = Array.from({ length: 12 }, () => ask(current, "GET", FILM).headers.get("location"));
      assert.deepEqual(locations, Array.from({ length: 12 }, (_, at) => at % 2 ? AT_ORIGIN : AT_CDN));
    }
  },
});

Deno.test({
  name: "redirect: HEAD is answered like the next GET; HEAD, OPTIONS and refused requests take no turn",
  permissions: "none",
  fn() {
    const current = redirector();
    const locations = ["HEAD", "GET", "HEAD", "HEAD", "GET", "HEAD"].map((method) => {
      assert.equal(ask(current, method, `${FILM}/../x`).status, 400);
      assert.equal(ask(current, "POST", FILM).status, 405);
      assert.equal(ask(current, "OPTIONS", FILM).status, 204);
      assert.equal(ask(current, method, FILM, ["Host: a", "Content-Length: 1"]).status, 413);
      const { status, headers } = ask(current, method, FILM);
      assert.equal(status, 301);
      return headers.get("location");
    });
    assert.deepEqual(locations, [AT_CDN, AT_CDN, AT_ORIGIN, AT_ORIGIN, AT_ORIGIN, AT_CDN]);
    assert.deepEqual(current.counts, { redirected: 6, refused: 18 });
  },
});

Deno.test({
  name: "redirect: a new table applies to the next request, and the turns are continued",
  permissions: "none",
  fn() {
    const current = redirector(1, 1);
    const location = () => ask(current, "GET", FILM).headers.get("location");
    assert.equal(location(), AT_CDN);
    const route = {
      cluster: "origin-cluster",
      cdnHost: "other.example",
      cdnWeight: 2,
      originWeight: 1,
      originPort: null,
    };
    current.table = routingTable([route], { previous: current.table });
    assert.equal(location(), AT_CDN.replace("cdn.example.net", "other.example"));
    assert.equal(location(), AT_ORIGIN);
    current.table = routingTable([]);
    assert.equal(ask(current, "GET", FILM).status, 404);
  },
});

const REFUSED: readonly [method: string, target: string, status: number, allow?: string][] = [
  ["GET", "/", 400],
  ["GET", "/?", 400],
  ["GET", "/?video=", 400],
  ["GET", "/?video=x", 400],
  ["GET", "/?video=http://s1.elsewhere/a", 404],
  ["HEAD", "/?video=http://s1.elsewhere/a", 404],
  ["GET", `//${FILM.slice(1)}`, 404],
  ["GET", `/.${FILM.slice(1)}`, 404],
  ["GET", `/index.html${FILM.slice(1)}`, 404],
  ["GET", "/favicon.ico", 404],
  ["POST", "/elsewhere", 404],
  ["OPTIONS", "/elsewhere", 404],
  ["GET", "/healthz/", 404],
  ["GET", "*", 400],
  ["CONNECT", "a:443", 404],
  ["POST", "/healthz", 405, "GET, HEAD"],
  ["GET", `${FILM}#start`, 400],
  ["GET", `${FILM}é`, 400],
  ...["POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "FOO"].map((
    method,
  ): [string, string, number, string] => [method, FILM, 405, "GET, HEAD, OPTIONS"]),
];

Deno.test({
  name: "redirect: any other request is refused with one line of plain text",
  permissions: "none",
  fn() {
    for (const [method, target, status, allow = null] of REFUSED) {
      const { status: given, headers, body } = ask(redirector(), method, target);
      assert.equal(given, status, `${method} ${target}`);
      assert.equal(headers.get("allow"), allow);
      assert.equal(headers.get("location"), null);
      assert.equal(headers.get("content-type"), "text/plain; charset=utf-8");
      assert.equal(headers.get("cache-control"), "no-store");
      assert.equal(headers.get("access-control-allow-origin"), "*");
      if (method === "HEAD") assert.equal(body, "");
      else assert.match(body, /^[ -~]+\n$/);
      if (method !== "HEAD") assert.equal(headers.get("content-length"), String(body.length));
    }
  },
});

Deno.test({
  name: "redirect: /healthz and /readyz are answered without taking a turn",
  permissions: "none",
  fn() {
    const current = redirector();
    assert.deepEqual([ask(current, "GET", "/healthz").status, ask(current, "GET", "/readyz").body], [
      200,
      "ready\n",
    ]);
    const { status, headers, body } = ask(current, "HEAD", "/healthz?x=1");
    assert.deepEqual([status, headers.get("content-length"), body], [200, "6", ""]);
    current.isStopping = true;
    assert.deepEqual([ask(current, "GET", "/healthz").status, ask(current, "GET", "/readyz").status], [
      200,
      503,
    ]);
    assert.equal(ask(current, "GET", FILM).headers.get("location"), AT_CDN);
    assert.deepEqual(current.counts, { redirected: 1, refused: 0 });
  },
});

Deno.test({
  name: "redirect: a CORS preflight is allowed to send its header fields",
  permissions: "none",
  fn() {
    const preflight = (...fields: string[]) => ask(redirector(), "OPTIONS", FILM, ["Host: a", ...fields]);
    const { status, headers, body } = preflight(
      "Origin: https://player.example",
      "Access-Control-Request-Method: GET",
      "Access-Control-Request-Headers: x-session,range",
    );
    assert.deepEqual([status, body], [204, ""]);
    assert.deepEqual(Object.fromEntries(headers), {
      "access-control-allow-headers": "x-session,range",
      "access-control-allow-methods": "GET, HEAD",
      "access-control-allow-origin": "*",
      "access-control-max-age": "86400",
      "allow": "GET, HEAD, OPTIONS",
      "vary": "access-control-request-headers",
    });
    for (const hostile of ["", "a b", "a,,b", "<script>", "a\x80", "a".repeat(1025)]) {
      const { status, headers } = preflight(`Access-Control-Request-Headers: ${hostile}`);
      assert.deepEqual([status, headers.get("access-control-allow-headers")], [204, null], hostile);
    }
    assert.equal(ask(redirector(), "OPTIONS", "*").status, 204);
  },
});

Deno.test({
  name: "redirect: a request line with an absolute URL is answered like its path and query",
  permissions: "none",
  fn() {
    const current = redirector(1, 0);
    const origins = ["http://a", "https://a", "HTTPS://a:8080", "https://[::1]:8443", "ws://abcdefgh"];
    for (const origin of origins) {
      for (const [target, location] of [[FILM, AT_CDN], [`/a${FILM}`, null], ["/", null]] as const) {
        assert.equal(ask(current, "GET", origin + target).headers.get("location"), location, origin + target);
      }
      assert.equal(ask(current, "GET", origin + FILM.slice(1)).headers.get("location"), AT_CDN, origin);
    }
  },
});

Deno.test({
  name: "redirect: the field Host does not change the target, whatever its value",
  permissions: "none",
  fn() {
    const current = redirector(1, 0);
    const encoded = `/?video=${encodeURIComponent(AT_ORIGIN)}`;
    for (const host of ["", "evil.example", "evil.example:80", "[::1]:8080"]) {
      for (const film of [FILM, encoded]) {
        assert.equal(ask(current, "GET", film, [`Host: ${host}`]).headers.get("location"), AT_CDN);
      }
    }
    const hostile = [
      "a/?video=http:/",
      `a${FILM}`,
      `a${FILM}#`,
      "a/",
      "a?",
      "a#",
      "/",
      "é",
      "a b",
      "u@a",
      "a:b",
    ];
    for (const host of hostile) {
      for (const target of ["/", "/x", "//s1.origin-cluster/x", FILM, encoded]) {
        assert.equal(ask(current, "GET", target, [`Host: ${host}`]).status, 400, `${host} ${target}`);
      }
    }
  },
});

Deno.test({
  name: "redirect: any request is answered with a redirect to a host of the table, or with a refusal",
  permissions: "none",
  fn() {
    const current = redirector();
    const pieces = fc.constantFrom(
      ...["/", "?", "video=", "http://", "s1.origin-cluster", "%2f", "%0d%0a", "\r\n", "&", "@", "\\", ":"],
    );
    const target = fc.array(fc.oneof(pieces, fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 10 })
      .map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(
        fc.constantFrom("GET", "HEAD", "POST", "OPTIONS"),
        fc.oneof(target, target.map((rest) => `/?video=http://s1.origin-cluster/${rest}`)),
        fc.oneof(fc.constant("balancer.example"), target),
        (method, target, host) => {
          const [latinTarget, latinHost] = [target, host].map((text) => text.replace(/[^\0-\xff]/g, "ÿ"));
          if (/\r\n\r\n/.test(`${latinTarget}${latinHost}`)) return; // The head would end here.
          const { status, headers } = ask(current, method, latinTarget!, [`Host: ${latinHost}`]);
          if (status === 204) return assert.equal(method, "OPTIONS");
          if (status !== 301) return assert.ok(status >= 400 && status < 600);
          assert.match(
            headers.get("location")!,
            /^http:\/\/(cdn\.example\.net\/s1|s1\.origin-cluster)\/[!-~]+$/,
          );
        },
      ),
      { numRuns: 3000 },
    );
  },
});

const SEVERAL = [
  { name: "a", host: "a.example.net", weight: 1 },
  { name: "b", host: "b.example.net", weight: 1 },
];
const route = (more: Partial<RouteSettings> = {}) => ({
  cluster: "origin-cluster",
  cdns: SEVERAL,
  ...shortForm(SEVERAL),
  originWeight: 0,
  originPort: null,
  ...more,
});

Deno.test({
  name: "redirect: several CDNs take turns with the route's status, and the answer can give the reason",
  permissions: "none",
  fn() {
    const current = new Redirector(routingTable([route({ status: 307 })]), { explains: true });
    const answers = Array.from({ length: 4 }, () => ask(current, "GET", FILM));
    assert.deepEqual(answers.map(({ status }) => status), [307, 307, 307, 307]);
    assert.deepEqual(
      answers.map(({ headers }) => [new URL(headers.get("location")!).hostname, headers.get("x-sluice")]),
      ["a", "b", "a", "b"].map((name) => [`${name}.example.net`, `target=${name}; reason=turn`]),
    );
  },
});

Deno.test({
  name: "redirect: a disabled route is not found, for redirects and for steering",
  permissions: "none",
  fn() {
    const current = new Redirector(routingTable([route({ enabled: false })]));
    assert.equal(ask(current, "GET", FILM).status, 404);
    assert.equal(ask(current, "GET", "/steering/origin-cluster").status, 404);
  },
});

Deno.test({
  name: "redirect: a steering manifest is JSON that must not be cached, and the cluster's case is ignored",
  permissions: "none",
  fn() {
    const current = new Redirector(routingTable([route()]));
    const { status, headers, body } = ask(current, "GET", "/steering/Origin-Cluster?_HLS_pathway=a");
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), {
      "VERSION": 1,
      "TTL": 10,
      "RELOAD-URI": "origin-cluster?session=1&pathway=a",
      "PATHWAY-PRIORITY": ["a", "b", "origin"],
    });
    assert.deepEqual(Object.fromEntries(headers), {
      "access-control-allow-origin": "*",
      "cache-control": "no-store",
      "content-length": String(body.length),
      "content-type": "application/json",
    });
    const head = ask(current, "HEAD", "/steering/origin-cluster");
    assert.deepEqual([head.status, head.body], [200, ""]);
    assert.equal(ask(current, "POST", "/steering/origin-cluster").status, 405);
    for (const path of ["/steering/", "/steering/other", "/steering/origin-cluster/x", "/steering"]) {
      assert.equal(ask(current, "GET", path).status, 404, path);
    }
    assert.deepEqual(current.counts, { redirected: 0, refused: 5 });
  },
});

Deno.test({
  name: "redirect: the timeout of a client is noted for the access log, even without any further request",
  permissions: "none",
  async fn() {
    const noted: string[] = [];
    const clock = new SimulatedClock(0);
    const notes = new AccessNotes({ sample: 1, handOver: (lines) => void noted.push(lines), clock });
    const responder = new Redirector(routingTable([route()]), { notes });
    const { connect, pass } = simulateListener({ responder });
    await connect();
    await pass(20_000);
    await clock.pass(HAND_OVER_MS);
    const [line] = noted.map((text) => JSON.parse(text));
    assert.equal(noted.length, 1);
    assert.deepEqual([line.status, line.refusal, line.us], [
      408,
      "The request did not arrive in time",
      undefined,
    ]);
    assert.ok(line.bytes > 100);
  },
});
