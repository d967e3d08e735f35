import assert from "node:assert/strict";
import { hostOf, publicRedirect, redirectTo, shortRedirect } from "../../src/balancer/deno_http.ts";

const LOCATION = "http://cdn.example.net/s1/video/1488/xcg2djHckad.m3u8?a=~!*'()";

/** What a server that gives this answer sends to a request of HTTP/1.1, a line each; without the time. */
async function onTheWire(
  answer: (request: Request) => Response,
  host = "viewers.example",
): Promise<string[]> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const text = await new Response(connection.readable).text();
  return text.split("\r\n").filter((line) => !/^date:/i.test(line));
}

Deno.test({
  name: "deno_http: both ways to redirect put the same on the wire, and this Deno has the short one",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const sent = await onTheWire(() => shortRedirect(LOCATION));
    assert.deepEqual(sent, await onTheWire(() => publicRedirect(LOCATION)));
    assert.deepEqual(sent.toSorted(), [
      "",
      "",
      "HTTP/1.1 301 Moved Permanently",
      "access-control-allow-origin: *",
      "cache-control: no-store",
      "connection: close",
      "content-length: 0",
      `location: ${LOCATION}`,
    ]);
    assert.equal(redirectTo, shortRedirect);
  },
});

Deno.test({
  name: "deno_http: headers added to a redirect go out with it; what all of them share can't be changed",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    const sent = await onTheWire(() => {
      const response = redirectTo(LOCATION);
      response.headers.set("x-added", "1");
      assert.throws(() => response.headers.set("cache-control", "max-age=1"), TypeError);
      return response;
    });
    assert.ok(sent.includes("x-added: 1") && sent.includes("cache-control: no-store"), sent.join("\n"));
    assert.equal(redirectTo("/").headers.get("cache-control"), "no-store");
    assert.equal(redirectTo("/").headers.get("x-added"), null);
  },
});

Deno.test({
  name: "deno_http: the Host is read as it came, from Deno's record or from the headers",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    for (const host of ["viewers.example:8080", "a/?video=b", "[::1]"]) {
      const hosts: unknown[] = [];
      await onTheWire((request) => {
        hosts.push(hostOf(request), request.headers.get("host"), hostOf(request));
        return redirectTo("/");
      }, host);
      assert.deepEqual(hosts, [host, host, host]);
    }
    assert.equal(hostOf(new Request("http://viewers.example")), null);
    assert.equal(hostOf(new Request("http://viewers.example", { headers: { host: "a" } })), "a");
  },
});
