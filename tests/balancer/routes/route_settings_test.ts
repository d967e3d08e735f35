import assert from "node:assert/strict";
import fc from "fast-check";
import { routeProblems } from "../../../src/balancer/routes/route_rules.ts";
import {
  CDN_HOST_PATTERN,
  cdnBase,
  cdnHostProblem,
  CLUSTER_PATTERN,
  clusterProblem,
  parseRatio,
} from "../../../src/balancer/routes/route_settings.ts";

const label63 = "a".repeat(63);

const CLUSTERS = [
  ..."origin-cluster a 0a a.example.net 1.example xn--bcher-kva 0x.example a--b".split(" "),
  `${label63}.${label63}.${label63}.${"a".repeat(61)}`,
];
const NO_CLUSTERS = [
  ..."xn--a xn--a.example.net a.xn--".split(" "),
  ..."A a. .a a..b -a a- a_b a:80 a/b a@b a* [::1] é ａ a%62 127.0.0.1 1 a.1 0x a.0x7f".split(" "),
  ...["", " ", "a b", "a\n", "a\0"],
  "a".repeat(64),
  `${label63}.${label63}.${label63}.${"a".repeat(62)}`,
];

const CDN_HOSTS = [
  ..."cdn.example.net CDN.Example.net localhost 127.0.0.1 127.0.0.1:80 [::1] [::1]:65535 a:1".split(" "),
  ..."http://a https://a:8443 http://a/ a/b a/b/ https://a/b/c.d/~e/%41;f=g:@!$&'()*+,".split(" "),
  `a/${"b".repeat(510)}`,
];
const NO_CDN_HOSTS = [
  ..."a. .a a..b -a a_b a: a:0 a:080 a:65536 a:x a:1:2 u@a u:p@a http:// http:a http:/a ftp://a //a /a".split(
    " ",
  ),
  ..."HTTP://a a? a?b a#b a/?b a/#b a//b a//  a/. a/.. a/../b a/./b a/%2e/b a/.%2E/b a/%zz a/% a\\b".split(
    " ",
  ),
  ..."1 1.2.3 256.1.1.1 0x7f.1 a.0x7f [1] [::1 ::1 [0::1] [::1%25lo] xn--a é a/é a/{b}".split(" "),
  ...["", " ", " a", "a ", "a b", "a\n", "a\r\nb", "a\0"],
  `a/${"b".repeat(511)}`,
];

Deno.test({
  name: "route settings: a cluster's name consists of lowercase DNS labels",
  permissions: "none",
  fn() {
    for (const cluster of CLUSTERS) assert.equal(clusterProblem(cluster), undefined, cluster);
    for (const cluster of NO_CLUSTERS) assert.match(clusterProblem(cluster) ?? "none", /^give /, cluster);
  },
});

Deno.test({
  name: "route settings: a CDN's base has a host, and may have a scheme, a port and a path",
  permissions: "none",
  fn() {
    for (const cdnHost of CDN_HOSTS) assert.equal(cdnHostProblem(cdnHost), undefined, cdnHost);
    for (const cdnHost of NO_CDN_HOSTS) assert.match(cdnHostProblem(cdnHost) ?? "none", /^give /, cdnHost);
  },
});

Deno.test({
  name: "route settings: `URL` reads every accepted value unchanged",
  permissions: "none",
  fn() {
    const pieces = fc.constantFrom(
      ..."http:// https:// a.b a 1 0x7f . .. / : 80 :8080 [::1] @ ? # % %2e %41 - \\ x".split(" "),
      "\t",
      "é",
    );
    const texts = fc.array(pieces, { maxLength: 8 }).map((some) => some.join(""));
    fc.assert(
      fc.property(texts, (text) => {
        if (clusterProblem(text) === undefined) {
          assert.match(text, CLUSTER_PATTERN);
          const url = URL.parse(`http://s1.${text}/`);
          // If the Punycode is invalid, `URL` fails, and so does every client.
          if (url) assert.equal(url.hostname, `s1.${text}`);
        }
        if (cdnHostProblem(text) === undefined) {
          assert.match(text, CDN_HOST_PATTERN);
          const url = new URL(`${cdnBase(text)}/s1/a`);
          assert.ok(
            `${url.protocol}//${url.hostname}` ===
              url.href.slice(0, url.href.indexOf(url.hostname) + url.hostname.length),
          );
          assert.ok(url.pathname.endsWith("/s1/a"));
          assert.equal(url.username + url.password + url.search + url.hash, "");
        }
      }),
      { numRuns: 3000 },
    );
  },
});

Deno.test({
  name: "route settings: every invalid field is named",
  permissions: "none",
  fn() {
    const good = { cdnHost: "a", cdnWeight: 9, originWeight: 1, originPort: null };
    const fields = (cluster: string, settings: Partial<Record<keyof typeof good, unknown>>) =>
      routeProblems(cluster, { ...good, ...settings } as typeof good).map(({ field }) => field);
    assert.deepEqual(fields("a", {}), []);
    assert.deepEqual(fields("a", { cdnWeight: 0, originWeight: 1_000_000, originPort: 65_535 }), []);
    assert.deepEqual(fields("A", { cdnHost: "?" }), ["cluster", "cdnHost"]);
    assert.deepEqual(fields("a", { cdnWeight: 0, originWeight: 0 }), ["originWeight"]);
    for (const weight of [-1, 0.5, 1_000_001, NaN, Infinity]) {
      assert.deepEqual(fields("a", { cdnWeight: weight }), ["cdnWeight"]);
      assert.deepEqual(fields("a", { originWeight: weight }), ["originWeight"]);
    }
    for (const originPort of [0, 65_536, 80.5, -1]) {
      assert.deepEqual(fields("a", { originPort }), ["originPort"]);
    }
  },
});

Deno.test({
  name: "route settings: a ratio consists of two weights",
  permissions: "none",
  fn() {
    assert.deepEqual(parseRatio("9:1"), { cdnWeight: 9, originWeight: 1 });
    assert.deepEqual(parseRatio("0:1000000"), { cdnWeight: 0, originWeight: 1_000_000 });
    for (
      const text of ["", "9", "9:", ":1", "0:0", "9:1:1", "09:1", "9 :1", "-9:1", "1000001:1", "9/1", "1e1:1"]
    ) {
      assert.throws(() => parseRatio(text), SyntaxError, text);
    }
  },
});
