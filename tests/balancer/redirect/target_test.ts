import assert from "node:assert/strict";
import fc from "fast-check";
import { type RoutingTable, routingTable } from "../../../src/balancer/choose/routing.ts";
import {
  findVideo,
  locationOf,
  type Refusal,
  type Video,
  VIDEO_BYTES_MAX,
  videoIn,
} from "../../../src/balancer/redirect/target.ts";

const SETTINGS = { cdnHost: "cdn.example.net", cdnWeight: 1, originWeight: 1, originPort: null };
const TABLE: RoutingTable = routingTable([
  { cluster: "origin-cluster", ...SETTINGS },
  { cluster: "video.example.org", ...SETTINGS, cdnHost: "https://edge.example.net:8443/films/" },
  { cluster: "ported", ...SETTINGS, originPort: 8080 },
  { cluster: "plain80", ...SETTINGS, originPort: 80 },
  { cluster: "plain443", ...SETTINGS, originPort: 443 },
]);
const [ORIGIN, CDN] = [0, 1];

const isVideo = (found: Video | Refusal): found is Video => "url" in found;

/**
 * Returns the locations that a request with this query leads to at the CDN and at the origin, or its refusal.
 */
function answersTo(query: string): [cdn: string, origin: string] | Refusal {
  const url = videoIn(query);
  if (typeof url !== "string") return url;
  const found = findVideo(url, TABLE);
  return isVideo(found) ? [locationOf(found, CDN!), locationOf(found, ORIGIN!)] : found;
}

const ask = (url: string) => answersTo(`video=${encodeURIComponent(url)}`);

/** The URL of a video, its URL at the CDN, and its URL at the origin if that differs from the first. */
const ACCEPTED: readonly [url: string, cdn: string, origin?: string][] = [
  [
    "http://s1.origin-cluster/video/1488/xcg2djHckad.m3u8",
    "http://cdn.example.net/s1/video/1488/xcg2djHckad.m3u8",
  ],
  ["https://s1.origin-cluster/a", "http://cdn.example.net/s1/a"],
  ["http://s2.video.example.org/a", "https://edge.example.net:8443/films/s2/a"],
  ["http://s1.ported:8080/a", "http://cdn.example.net/s1/a"],
  ["http://s1.plain80:80/a", "http://cdn.example.net/s1/a"],
  // The default port of the scheme may be given or left out.
  ["http://s1.plain80/a", "http://cdn.example.net/s1/a"],
  ["https://s1.plain443/a", "http://cdn.example.net/s1/a"],
  ["https://s1.plain443:443/a", "http://cdn.example.net/s1/a"],
  ["http://s1.origin-cluster:80/a", "http://cdn.example.net/s1/a"],
  ["HTTPS://s1.origin-cluster:443/a", "http://cdn.example.net/s1/a"],
  // Valid Punycode: bücher.
  ["http://xn--bcher-kva.origin-cluster/a", "http://cdn.example.net/xn--bcher-kva/a"],
  // A path with a space, or with letters beyond ASCII, that are percent-encoded in the URL itself.
  ["http://s1.origin-cluster/a%20b/%D1%84%c3%a9", "http://cdn.example.net/s1/a%20b/%D1%84%c3%a9"],
  [
    "http://s1.origin-cluster/a?b=%2F%2f%20%2E%2e%5C%D1%84%25",
    "http://cdn.example.net/s1/a?b=%2F%2f%20%2E%2e%5C%D1%84%25",
  ],
  [
    "http://s1.origin-cluster/a?X-Amz-Credential=AK%2F20261125%2Fs3&X-Amz-Date=a%0D%0A%00",
    "http://cdn.example.net/s1/a?X-Amz-Credential=AK%2F20261125%2Fs3&X-Amz-Date=a%0D%0A%00",
  ],
  ["http://s1.origin-cluster/a#%2F%00", "http://cdn.example.net/s1/a", "http://s1.origin-cluster/a"],
  ["HTTP://S1.Origin-Cluster/Video/A.m3u8", "http://cdn.example.net/s1/Video/A.m3u8"],
  [`http://${"a".repeat(63)}.origin-cluster/a`, `http://cdn.example.net/${"a".repeat(63)}/a`],
  ["http://-.origin-cluster/a", "http://cdn.example.net/-/a"],
  ["http://0.origin-cluster/a", "http://cdn.example.net/0/a"],
  ["http://s1.origin-cluster/a?b=c&d=e+f", "http://cdn.example.net/s1/a?b=c&d=e+f"],
  ["http://s1.origin-cluster/a?", "http://cdn.example.net/s1/a?"],
  ["http://s1.origin-cluster/a?b?c", "http://cdn.example.net/s1/a?b?c"],
  [
    "http://s1.origin-cluster/a?u=http://evil.example/../x",
    "http://cdn.example.net/s1/a?u=http://evil.example/../x",
  ],
  ["http://s1.origin-cluster/a#b", "http://cdn.example.net/s1/a", "http://s1.origin-cluster/a"],
  ["http://s1.origin-cluster/a?b#c?d", "http://cdn.example.net/s1/a?b", "http://s1.origin-cluster/a?b"],
  ["http://s1.origin-cluster/a#", "http://cdn.example.net/s1/a", "http://s1.origin-cluster/a"],
  ["http://s1.origin-cluster//", "http://cdn.example.net/s1//"],
  ["http://s1.origin-cluster//evil.example/a", "http://cdn.example.net/s1//evil.example/a"],
  ["http://s1.origin-cluster/@evil.example/a", "http://cdn.example.net/s1/@evil.example/a"],
  ["http://s1.origin-cluster/a:80", "http://cdn.example.net/s1/a:80"],
  ["http://s1.origin-cluster/.a/..b/c../...", "http://cdn.example.net/s1/.a/..b/c../..."],
  ["http://s1.origin-cluster/a%41%7E%25", "http://cdn.example.net/s1/a%41%7E%25"],
  ["http://s1.origin-cluster/a+b", "http://cdn.example.net/s1/a+b"],
  ["http://s1.origin-cluster/!\"$&'()*,;<=>[]^_`{|}~", "http://cdn.example.net/s1/!\"$&'()*,;<=>[]^_`{|}~"],
];

/** Texts that are refused everywhere in a URL; `around` puts them into the path, the query and the host. */
const FORBIDDEN = [
  ...[..." \\\0\t\n\r\x01\x0b\x1b\x1f\x7f\x80\x85\u00a0\u00e9\u202e\u2028\u212a\u017f\uff0f\ufeff\u{1f600}"],
  ..."% %z %4~ %%41 %4g %u0041 %-1".split(" "),
];
/** Texts that are refused in the path only; a query is passed on with everything that is encoded in it. */
const FORBIDDEN_IN_PATH = "%00 %01 %09 %0a %0A %0d %0D%0A %1f %2e %2E %2f %2F %5c %5C %7f".split(" ");
/** Texts that are refused in the host name. */
const FORBIDDEN_IN_HOST = [...FORBIDDEN_IN_PATH, ..."%20 %80 %a0 %C3%A9 %ff %E2%80%A8".split(" ")];
const around = (hostile: string) => [
  `http://s1.origin-cluster/a${hostile}b`,
  `http://s1.origin-cluster/a?b=${hostile}c`,
  `http://s1${hostile}.origin-cluster/a`,
];

/** Further URLs that are refused with 400. */
const REFUSED = [
  // Not an absolute URL with http or https.
  ..."a / // /a //s1.origin-cluster/a s1.origin-cluster/a http: http:// http:/// https://".split(" "),
  ..."http:s1.origin-cluster/a http:/s1.origin-cluster/a http:///s1.origin-cluster/a".split(" "),
  ..."ftp://s1.origin-cluster/a ws://s1.origin-cluster/a httpss://s1.origin-cluster/a".split(" "),
  ..."javascript:alert(1) javascript://s1.origin-cluster/a data:text/html,x file:///etc/passwd".split(" "),
  ..."blob:http://s1.origin-cluster/a view-source:http://s1.origin-cluster/a xhttp://s1.origin-cluster/a"
    .split(" "),
  ..."://s1.origin-cluster/a ?http://s1.origin-cluster/a #http://s1.origin-cluster/a http%3A//s1.origin-cluster/a"
    .split(" "),
  // No path.
  ..."http://s1.origin-cluster http://s1.origin-cluster/ http://s1.origin-cluster/? http://s1.origin-cluster/#a"
    .split(
      " ",
    ),
  ..."http://s1.origin-cluster?a http://s1.origin-cluster#a http://s1.origin-cluster?/a http://s1.origin-cluster/?/a"
    .split(" "),
  // The host is not a label followed by a cluster.
  ..."http://origin-cluster/a http://.origin-cluster/a http://s1..origin-cluster/a http://s1.origin-cluster./a"
    .split(
      " ",
    ),
  ..."http://s_1.origin-cluster/a http://s*.origin-cluster/a http://s1,s2.origin-cluster/a http://[::1]/a"
    .split(" "),
  ..."http://s%31.origin-cluster/a http://s1.origin%2dcluster/a http://s1.origin-cluster%40evil.example/a"
    .split(" "),
  ..."http://$CDN_HOST/a http://{s1}.origin-cluster/a http://s1.origin-cluster;evil.example/a http://localhost/a"
    .split(" "),
  `http://${"a".repeat(64)}.origin-cluster/a`,
  // The label is invalid Punycode, which no client can resolve.
  ..."http://xn--a.origin-cluster/a http://xn--.origin-cluster/a http://XN--A.origin-cluster/a".split(" "),
  // User information.
  ..."http://u@s1.origin-cluster/a http://u:p@s1.origin-cluster/a http://@s1.origin-cluster/a".split(" "),
  ..."http://s1.origin-cluster@evil.example/a http://s1.origin-cluster:80@evil.example/a http://:@s1.origin-cluster/a"
    .split(" "),
  ..."http://evil.example#@s1.origin-cluster/a http://evil.example?@s1.origin-cluster/a".split(" "),
  // Another port than the route's.
  ..."http://s1.origin-cluster:/a http://s1.origin-cluster:443/a http://s1.origin-cluster:8080/a".split(" "),
  ..."https://s1.origin-cluster:80/a http://s1.origin-cluster:080/a http://s1.origin-cluster:x/a".split(" "),
  ..."http://s1.ported/a http://s1.ported:/a http://s1.ported:80/a http://s1.ported:08080/a http://s1.ported:80800/a"
    .split(" "),
  ..."https://s1.plain80/a http://s1.plain443/a http://s1.ported:8080:8080/a http://s1.ported:8080.evil.example/a http://s1.ported:+8080/a"
    .split(" "),
  // Dot segments.
  ..."/. /.. /./a /../a /a/. /a/.. /a/./b /a/../b /a/../../b //.. /..// /.?b /a/..?b /..#b /a/.#b".split(" ")
    .map(
      (path) => `http://s1.origin-cluster${path}`,
    ),
  // Too long.
  `http://s1.origin-cluster/${"a".repeat(VIDEO_BYTES_MAX)}`,
];

const UNKNOWN = [
  ..."http://evil.example/a http://s1.evil.example/a http://s1.origin-cluster.evil.example/a".split(" "),
  ..."http://evil.example/http://s1.origin-cluster/a http://127.0.0.1/a http://169.254.169.254/latest/meta-data"
    .split(" "),
  ..."http://s1.s2.origin-cluster/a http://s1.xorigin-cluster/a http://s1.origin-cluste/a http://s1.rigin-cluster/a"
    .split(" "),
  ..."http://s1.example.org/a http://video.example.org/a http://0x7f.1/a http://2130706433.0/a http://s1.com:80/a"
    .split(" "),
];

Deno.test({
  name: "target: a video of a configured cluster is found at the CDN and at the origin",
  permissions: "none",
  fn() {
    for (const [url, cdn, origin = url] of ACCEPTED) assert.deepEqual(ask(url), [cdn, origin], url);
  },
});

Deno.test({
  name: "target: a hostile value is refused with one line of plain text",
  permissions: "none",
  fn() {
    const hostile = [
      ...REFUSED,
      ...FORBIDDEN.flatMap(around),
      ...FORBIDDEN_IN_PATH.flatMap((encoded) =>
        [`${encoded}`, `a${encoded}b?c`, `a/${encoded}/b`].map((path) => `http://s1.origin-cluster/${path}`)
      ),
      ...FORBIDDEN_IN_HOST.map((encoded) => `http://s1${encoded}.origin-cluster/a`),
    ];
    const values: [string, number][] = [
      ...hostile.map((url): [string, number] => [url, 400]),
      ...UNKNOWN.map((url): [string, number] => [url, 404]),
    ];
    assert.ok(values.length > 250);
    for (const [url, status] of values) {
      const answer = ask(url);
      assert.ok("reason" in answer, `${JSON.stringify(url)} leads to ${JSON.stringify(answer)}`);
      assert.equal(answer.status, status, JSON.stringify(url));
      assert.match(answer.reason, /^[ -~]+$/);
    }
  },
});

const OK = "http://s1.origin-cluster/a";

/** Queries as they are sent, and the decoded URL in them; undefined if the query is refused. */
const QUERIES: readonly [query: string, url: string | undefined][] = [
  [`video=${OK}`, OK],
  ["video=http%3a%2F%2fs1.origin-cluster%2Fa", OK],
  ["video=%68ttp://s1.origin-cluster/a", OK],
  [`video=${OK}+b%2Bc`, `${OK}+b+c`],
  [`video=${OK}%3Fb=c%26d=e`, `${OK}?b=c&d=e`],
  [`video=${OK}?b=c`, `${OK}?b=c`],
  [`video=${OK}?b=c&`, `${OK}?b=c`],
  [`d=e&video=${OK}?b=c`, `${OK}?b=c`],
  [`video=${OK}&utm_source=x&d=e`, OK],
  [`video=${OK}%23?b&d=e`, `${OK}#?b`],
  // The URL's own query was not encoded, or only partly, so that a part of the URL looks like another
  // parameter.
  [`video=${OK}?b=c&d=e`, undefined],
  [`video=${OK}?b=c&d`, undefined],
  [`video=${OK}?&d=e`, undefined],
  [`video=${OK}%3Fb=c&d=e`, undefined],
  [`video=${OK}?b=c&&=e`, undefined],
  [`video=${OK}%2541`, `${OK}%41`],
  [`video=${OK}=b=c`, `${OK}=b=c`],
  [`a=b&video=${OK}`, OK],
  [`&&video=${OK}&&`, OK],
  [`Video=x&videos=y&xvideo=z&video=${OK}`, OK],
  [`%76ide%6F=${OK}`, OK],
  ["", undefined],
  ["&", undefined],
  ["=", undefined],
  ["video", undefined],
  ["video=", undefined],
  ["video=&a=b", undefined],
  [`VIDEO=${OK}`, undefined],
  [`video[]=${OK}`, undefined],
  [`?video=${OK}`, undefined],
  [`;video=${OK}`, undefined],
  [`video+=${OK}`, undefined],
  [`%2576ideo=${OK}`, undefined],
  [`video=${OK}&video=${OK}`, undefined],
  [`video=${OK}&video`, undefined],
  [`video=&video=${OK}`, undefined],
  [`video=${OK}&%76ideo=${OK}`, undefined],
  [`video=${OK}%`, undefined],
  [`video=${OK}%zz`, undefined],
  [`video=${OK}%ff`, undefined],
  [`video=${OK}%c0%af`, undefined],
  [`video=${OK}%ed%a0%80`, undefined],
];

Deno.test({
  name: "target: a query must have one video, whose URL is decoded once",
  permissions: "none",
  fn() {
    for (const [query, url] of QUERIES) {
      const found = videoIn(query);
      if (url === undefined) assert.ok(typeof found === "object" && found.status === 400, query);
      else assert.equal(found, url, query);
    }
  },
});

Deno.test({
  name: "target: a URL may have 2,048 bytes at most",
  permissions: "none",
  fn() {
    const url = OK.padEnd(VIDEO_BYTES_MAX, "a");
    assert.ok(Array.isArray(ask(url)));
    assert.ok("reason" in ask(`${url}a`));
    assert.match((ask(`${url}a`) as Refusal).reason, /2048/);
  },
});

/** Texts made of typical parts of a URL, since random texts would rarely resemble one. */
const nearUrls = fc.array(
  fc.oneof(
    fc.constantFrom(
      ..."http:// https:// s1 . origin-cluster video.example.org ported :8080 : / // . .. ? # & = % 2f %2e %252e \\ @ [ ]"
        .split(" "),
      ...FORBIDDEN,
      ...FORBIDDEN_IN_HOST,
      "/video/1488/a.m3u8",
    ),
    fc.string({ maxLength: 3 }),
    fc.string({ unit: "binary", maxLength: 2 }),
  ),
  { maxLength: 12 },
).map((pieces) => pieces.join(""));
const nearVideos = fc.oneof(nearUrls, nearUrls.map((rest) => `http://s1.origin-cluster/${rest}`));

/** Reads a video's URL with `URL` for comparison; undefined if it must not be redirected. */
function reference(url: string): { host: string; server: string; rest: string } | undefined {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) return undefined;
  const [server, ...cluster] = parsed.hostname.split(".");
  if (!TABLE.has(cluster.join("."))) return undefined;
  return { host: parsed.host, server: server!, rest: parsed.pathname + parsed.search };
}

Deno.test({
  name: "target: no value leads to a host that is not in the table, and `URL` reads the value the same way",
  permissions: "none",
  fn() {
    let accepted = 0;
    fc.assert(
      fc.property(nearVideos, fc.boolean(), (url, encoded) => {
        let answer: ReturnType<typeof answersTo>;
        try {
          answer = encoded ? ask(url) : answersTo(`video=${url}`);
        } catch (error) {
          // encodeURIComponent can't encode this text, so it is not a test case.
          if (error instanceof URIError && !url.isWellFormed()) return;
          throw error;
        }
        if ("reason" in answer) return;
        accepted++;
        for (const location of answer) assert.match(location, /^[!-~]+$/);
        const [cdn, origin] = answer.map((location) => new URL(location));
        const { host, server, rest } = reference(answer[1])!;
        assert.equal(origin!.host, host);
        assert.ok(["cdn.example.net", "edge.example.net:8443"].includes(cdn!.host));
        const base = cdn!.protocol === "https:" ? "/films" : "";
        // `URL` escapes more characters in a query than in a path, so it has to parse both sides in the same
        // way.
        assert.equal(cdn!.pathname + cdn!.search, new URL(`http://x${base}/${server}${rest}`).href.slice(8));
      }),
      { numRuns: 5000 },
    );
    assert.ok(accepted > 50, `only ${accepted} values were accepted`);
  },
});

Deno.test({
  name: "target: a raw & in the video's query is refused, and the reason says how to encode it",
  permissions: "none",
  fn() {
    const found = videoIn(`video=${OK}?token=a&expires=9`);
    assert.ok(typeof found === "object" && found.reason.includes("encode") && found.reason.includes("%26"));
  },
});
