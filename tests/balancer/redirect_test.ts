import assert from "node:assert/strict";
import fc from "fast-check";
import { Redirector } from "../../src/balancer/redirect.ts";
import { routingTable } from "../../src/balancer/routing.ts";

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
  return new Redirector(routingTable([route], undefined, turnsTaken));
}

/** A request as Deno makes it of one on the wire: its URL is the authority and the target, as they came. */
function request(method: string, target: string, host: string | null = "balancer.example"): Request {
  const headers = new Headers();
  // `Headers` takes no such Host, but a connection does.
  headers.get = (name: string) => name === "host" ? host : null;
  return { method, url: `http://${host || "localhost:8080"}${target}`, headers } as Request;
}

Deno.test({
  name: "redirect: the answer is a 301 without a body that nobody caches",
  permissions: "none",
  async fn() {
    const response = redirector().answer(request("GET", FILM));
    assert.equal(response.status, 301);
    assert.deepEqual(Object.fromEntries(response.headers), {
      "access-control-allow-origin": "*",
      "cache-control": "no-store",
      "location": AT_CDN,
    });
    assert.equal(await response.text(), "");
  },
});

Deno.test({
  name: "redirect: turns alternate as the weights say, also where 31, 32 and 53 bits end",
  permissions: "none",
  fn() {
    for (const bits of [0n, 31n, 32n, 53n, 63n]) {
      // Turn 2^bits + 1 is odd, or 2 for the first.
      const turnsTaken = 2n ** bits - 6n > 0n ? 2n ** bits - 6n : 0n;
      const { answer } = redirector(1, 1, turnsTaken);
      const locations = Array.from(
        { length: 12 },
        () => answer(request("GET", FILM)).headers.get("location"),
      );
      assert.deepEqual(locations, Array.from({ length: 12 }, (_, at) => at % 2 ? AT_ORIGIN : AT_CDN));
    }
  },
});

Deno.test({
  name: "redirect: HEAD answers as the next GET would, and takes no turn; nor does a refused request",
  permissions: "none",
  fn() {
    const { answer, counts } = redirector();
    const locations = ["HEAD", "GET", "HEAD", "HEAD", "GET", "HEAD"].map((method) => {
      assert.equal(answer(request(method, `${FILM}/../x`)).status, 400);
      assert.equal(answer(request("POST", FILM)).status, 405);
      const response = answer(request(method, FILM));
      assert.equal(response.status, 301);
      return response.headers.get("location");
    });
    assert.deepEqual(locations, [AT_CDN, AT_CDN, AT_ORIGIN, AT_ORIGIN, AT_ORIGIN, AT_CDN]);
    assert.deepEqual(counts, { redirected: 6, refused: 12 });
  },
});

Deno.test({
  name: "redirect: a request sees one table or the next, and the turns go on",
  permissions: "none",
  fn() {
    const current = redirector(1, 1);
    const location = () => current.answer(request("GET", FILM)).headers.get("location");
    assert.equal(location(), AT_CDN);
    const route = {
      cluster: "origin-cluster",
      cdnHost: "other.example",
      cdnWeight: 2,
      originWeight: 1,
      originPort: null,
    };
    current.table = routingTable([route], current.table);
    assert.equal(location(), AT_CDN.replace("cdn.example.net", "other.example"));
    assert.equal(location(), AT_ORIGIN);
    current.table = routingTable([]);
    assert.equal(current.answer(request("GET", FILM)).status, 404);
  },
});

Deno.test({
  name: "redirect: who is sent away is answered as before, on a connection that closes",
  permissions: "none",
  fn() {
    const current = redirector();
    assert.equal(current.answer(request("GET", FILM)).headers.get("connection"), null);
    current.sendAway();
    const response = current.answer(request("GET", FILM));
    assert.deepEqual([response.headers.get("connection"), response.headers.get("location")], [
      "close",
      AT_ORIGIN,
    ]);
    assert.equal(current.answer(request("GET", "/")).headers.get("connection"), "close");
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
  ["GET", "/healthz", 404],
  ["GET", "/favicon.ico", 404],
  ["POST", "/elsewhere", 404],
  ["GET", "*", 404],
  ["CONNECT", "", 404],
  ...["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "FOO"].map((
    method,
  ): [string, string, number, string] => [method, FILM, 405, "GET, HEAD"]),
];

Deno.test({
  name: "redirect: all else is refused in one line of plain text",
  permissions: "none",
  async fn() {
    for (const [method, target, status, allow = null] of REFUSED) {
      const response = redirector().answer(request(method, target));
      assert.equal(response.status, status, `${method} ${target}`);
      assert.equal(response.headers.get("allow"), allow);
      assert.equal(response.headers.get("location"), null);
      assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.match(await response.text(), /^[ -~]+\n$/);
    }
  },
});

Deno.test({
  name: "redirect: a request line with a whole URL is answered as its path and query are",
  permissions: "none",
  fn() {
    const { answer } = redirector(1, 0);
    for (const origin of ["http://a", "https://a", "HTTPS://a:8080", "https://[::1]:8443", "ws://abcdefgh"]) {
      for (const [target, location] of [[FILM, AT_CDN], [`/a${FILM}`, null], ["/", null]] as const) {
        const whole = { method: "GET", url: origin + target, headers: new Headers() } as Request;
        assert.equal(answer(whole).headers.get("location"), location, whole.url);
      }
    }
  },
});

Deno.test({
  name: "redirect: Host plays no part in the target, whatever it holds",
  permissions: "none",
  fn() {
    const { answer } = redirector(1, 0);
    const encoded = `/?video=${encodeURIComponent(AT_ORIGIN)}`;
    for (const host of [null, "", "evil.example", "evil.example:80", "[::1]:8080", "évil", "a b"]) {
      for (const film of [FILM, encoded]) {
        assert.equal(answer(request("GET", film, host)).headers.get("location"), AT_CDN);
      }
    }
    const hostile = [
      "a/?video=http:/",
      `a${FILM}`,
      `a${encoded}`,
      `a${FILM}#`,
      "a/",
      "a?",
      "a#",
      "a/?video=",
      "/",
    ];
    for (const host of hostile) {
      for (const target of ["/", "/x", "//s1.origin-cluster/x", FILM, encoded]) {
        const location = answer(request("GET", target, host)).headers.get("location");
        // It may be refused, or leave the target as it is.
        if (location !== null) {
          assert.ok(target.startsWith("/?video=") && location === AT_CDN, `${host} ${target}`);
        }
      }
    }
  },
});

Deno.test({
  name:
    "redirect: whatever the request, the answer is a redirect to a place in the table or a refusal of 4xx",
  permissions: "none",
  fn() {
    const { answer } = redirector();
    const target = fc.array(
      fc.oneof(
        fc.constantFrom(
          "/",
          "?",
          "video=",
          "http://",
          "s1.origin-cluster",
          "%2f",
          "%0d%0a",
          "\r\n",
          "&",
          "@",
          "\\",
          ":",
        ),
        fc.string({ unit: "binary", maxLength: 4 }),
      ),
      { maxLength: 10 },
    ).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(
        fc.constantFrom("GET", "HEAD", "POST", "OPTIONS"),
        fc.oneof(target, target.map((rest) => `/?video=http://s1.origin-cluster/${rest}`)),
        fc.oneof(fc.constant("balancer.example"), target),
        (method, target, host) => {
          const { status, headers } = answer(request(method, target, host));
          for (const [name, value] of headers) assert.match(`${name}: ${value}`, /^[ -~]+$/);
          if (status !== 301) return assert.ok(status >= 400 && status < 500);
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
