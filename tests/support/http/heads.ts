/**
 * Requests that must be accepted and requests that must be refused, each with its section of RFC 9112, RFC
 * 9110 or RFC 9113. They are used to test the parser of heads alone, and the whole HTTP server.
 *
 * @module
 */

export interface Accepted {
  readonly section: string;
  readonly name: string;
  readonly text: string;
  /** Some of the values that must be read. */
  readonly expected: Readonly<Record<string, unknown>>;
}

export interface Refused {
  readonly section: string;
  readonly name: string;
  readonly text: string;
  readonly status: number;
}

const GET = "GET / HTTP/1.1\r\n";
const HOST = "Host: a\r\n";
const END = "\r\n";

const accepted = (
  section: string,
  name: string,
  text: string,
  expected: Accepted["expected"] = {},
): Accepted => ({
  section,
  name,
  text,
  expected,
});

export const ACCEPTED: readonly Accepted[] = [
  accepted("9112 3", "a request line", `${GET}${HOST}${END}`, { method: "GET", target: "/", minor: 1 }),
  accepted("9112 2.2", "an empty line before the request line", `\r\n${GET}${HOST}${END}`, { target: "/" }),
  accepted("9112 3.2.1", "origin-form with a query", `GET /a?b=http://c/d HTTP/1.1\r\n${HOST}${END}`, {
    target: "/a?b=http://c/d",
  }),
  accepted("9112 3.2.2", "absolute-form", `GET http://b/c HTTP/1.1\r\n${HOST}${END}`, {
    target: "http://b/c",
  }),
  accepted("9112 3.2.2", "absolute-form, uppercase", `GET HTTPS://B HTTP/1.1\r\n${HOST}${END}`, {
    target: "HTTPS://B",
  }),
  accepted("9112 3.2.3", "authority-form", `CONNECT a:443 HTTP/1.1\r\n${HOST}${END}`, { target: "a:443" }),
  accepted("9112 3.2.4", "asterisk-form", `OPTIONS * HTTP/1.1\r\n${HOST}${END}`, { target: "*" }),
  accepted("9110 9.1", "an unknown method", `A-b.c! / HTTP/1.1\r\n${HOST}${END}`, {
    method: "A-b.c!",
  }),
  accepted("9112 3", "the longest target", `GET /${"a".repeat(8191)} HTTP/1.1\r\n${HOST}${END}`),
  accepted("9112 2.3", "HTTP/1.0 without a Host", `GET / HTTP/1.0\r\n${END}`, {
    minor: 0,
    keepsAlive: false,
  }),
  accepted("9112 9.3", "HTTP/1.0 with keep-alive", `GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n${END}`, {
    keepsAlive: true,
  }),
  accepted("9112 9.3", "HTTP/1.1 is kept alive by default", `${GET}${HOST}${END}`, { keepsAlive: true }),
  accepted("9112 9.6", "close", `${GET}${HOST}Connection: close\r\n${END}`, { keepsAlive: false }),
  accepted("9110 7.6.1", "close in a list", `${GET}${HOST}connection: x, CLOSE ,y\r\n${END}`, {
    keepsAlive: false,
  }),
  accepted(
    "9110 7.6.1",
    "close in the second line",
    `${GET}${HOST}Connection: keep-alive\r\nConnection: close\r\n${END}`,
    {
      keepsAlive: false,
    },
  ),
  accepted("9110 7.6.1", "a word that only begins with close", `${GET}${HOST}Connection: closed\r\n${END}`, {
    keepsAlive: true,
  }),
  accepted("9110 7.2", "an empty Host", `${GET}Host:\r\n${END}`),
  accepted("9110 7.2", "a Host with a port", `${GET}Host: a.example:8080\r\n${END}`),
  accepted("9110 7.2", "a Host with an empty port", `${GET}Host: a:\r\n${END}`),
  accepted("9110 7.2", "IPv6 as Host", `${GET}Host: [2001:db8::1]:80\r\n${END}`),
  accepted("9110 7.2", "Host in mixed case", `${GET}hOsT: a\r\n${END}`),
  accepted(
    "9112 5.1",
    "no space before a value, and much space around one",
    `${GET}Host:a\r\nB: \t c \t \r\n${END}`,
    {
      fields: [["Host", "a"], ["B", "c"]],
    },
  ),
  accepted("9110 5.5", "an empty value", `${GET}${HOST}B:\r\n${END}`, { fields: [["Host", "a"], ["B", ""]] }),
  accepted("9110 5.5", "obs-text in a value", `${GET}${HOST}B: \xe9\xff\r\n${END}`, {
    fields: [["Host", "a"], ["B", "\xe9\xff"]],
  }),
  accepted("9110 5.5", "a tab and colons in a value", `${GET}${HOST}B: a\tb:c\r\n${END}`),
  accepted("9110 5.6.2", "each byte of a token", `${GET}${HOST}!#$%&'*+-.^_\`|~09azAZ: b\r\n${END}`),
  accepted("9110 5.4", "a hundred fields", `${GET}${HOST}${"b: c\r\n".repeat(99)}${END}`),
  accepted("9112 6.2", "an empty body", `${GET}${HOST}Content-Length: 0\r\n${END}`, {
    contentLength: 0,
  }),
  accepted("9112 6.2", "a body", `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n${END}`, {
    contentLength: 5,
  }),
  accepted("9112 6.1", "a body in chunks", `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n${END}`, {
    hasTransferEncoding: true,
  }),
];

const refused = (section: string, name: string, text: string, status = 400): Refused => ({
  section,
  name,
  text,
  status,
});

const withField = (field: string): string => `${GET}${HOST}${field}\r\n${END}`;
const withLine = (line: string): string => `${line}\r\n${HOST}${END}`;

export const REFUSALS: readonly Refused[] = [
  // The request line.
  ...[
    "GET  / HTTP/1.1",
    "GET /  HTTP/1.1",
    "GET / HTTP/1.1 ",
    " GET / HTTP/1.1",
    "GET\t/ HTTP/1.1",
    "GET /\tHTTP/1.1",
    "GET / a HTTP/1.1",
    "GET /",
    "GET / ",
    "GET",
    "/ HTTP/1.1",
    "GET HTTP/1.1",
    "G(T / HTTP/1.1",
    "G\0T / HTTP/1.1",
    "G\xe9T / HTTP/1.1",
    "GET: / HTTP/1.1",
    "GET / http/1.1",
    "GET / HTTP/11",
    "GET / HTTP/1.",
    "GET / HTTP/1.10",
    "GET / HTTP/1,1",
    "GET / HTTP /1.1",
    "GET / HTTPS/1.1",
    "GET / XTTP/1.1",
    "GET / HTTP/a.1",
  ].map((line) => refused("9112 3", line, withLine(line))),
  ...[
    "GET a HTTP/1.1",
    "GET * HTTP/1.1",
    "GET a:80 HTTP/1.1",
    "CONNECT a HTTP/1.1",
    "CONNECT u@a:80 HTTP/1.1",
    "OPTIONS *a HTTP/1.1",
    "GET http:///a HTTP/1.1",
    "GET ://a HTTP/1.1",
    "GET 1http://a HTTP/1.1",
    "GET ?a HTTP/1.1",
  ]
    .map((line) => refused("9112 3.2", line, withLine(line))),
  ...["\0", "\x01", "\x1f", "\x7f", "\x80", "\xff", "#", "\v"]
    .map((char) =>
      refused("9112 3.2", `target with ${JSON.stringify(char)}`, withLine(`GET /a${char}b HTTP/1.1`))
    ),
  ...["2.0", "0.9", "1.2", "3.0", "9.9"].map((version) =>
    refused("9110 15.6.6", `HTTP/${version}`, withLine(`GET / HTTP/${version}`), 505)
  ),
  refused("9113 3.4", "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
  refused("9110 15.5.15", "a target of 8,193 bytes", withLine(`GET /${"a".repeat(8192)} HTTP/1.1`), 414),
  refused("9110 15.5.15", "a line without an end", `GET /${"a".repeat(9000)}`, 414),
  // Line endings.
  refused("9112 2.2", "LF after the request line", `GET / HTTP/1.1\n${HOST}${END}`),
  refused("9112 2.2", "LF after a field", `${GET}Host: a\n${END}`),
  refused("9112 2.2", "LF as the empty line", `${GET}${HOST}\n`),
  refused("9112 2.2", "CR in the request line", `GET /\r HTTP/1.1\r\n${HOST}${END}`),
  refused("9112 2.2", "CR in a name", `${GET}Ho\rst: a\r\n${END}`),
  refused("9112 2.2", "CR in a value", withField("B: c\rd")),
  refused("9112 2.2", "CR CR LF after a field", withField("B: c\r")),
  refused("9112 2.2", "CR CR LF after the request line", `GET / HTTP/1.1\r\r\n${HOST}${END}`),
  refused("9112 2.2", "an empty line of LF first", `\n${GET}${HOST}${END}`),
  refused("9112 2.2", "two empty lines first", `\r\n\r\n${GET}${HOST}${END}`),
  refused("9112 2.2", "CR and something else first", `\rG${GET}${HOST}${END}`),
  // Fields.
  refused("9112 5.1", "a space before the colon", withField("B : c")),
  refused("9112 5.1", "a tab before the colon", withField("B\t: c")),
  refused(
    "9112 5.1",
    "a space before the colon of Transfer-Encoding",
    withField("Transfer-Encoding : chunked"),
  ),
  refused("9112 5.2", "a folded line", withField("B: c\r\n d")),
  refused("9112 5.2", "a folded line by a tab", withField("B: c\r\n\td")),
  refused("9112 2.2", "a space before the first field", `${GET} ${HOST}${END}`),
  refused("9110 5.1", "no colon", withField("B")),
  refused("9110 5.1", "no name", withField(": b")),
  ...["(", ")", "<", ">", "@", ",", ";", "\\", '"', "/", "[", "]", "?", "=", "{", "}", "\0", "\x7f", "\xe9"]
    .map((char) => refused("9110 5.6.2", `name with ${JSON.stringify(char)}`, withField(`b${char}c: d`))),
  ...["\0", "\x01", "\x08", "\v", "\f", "\x1b", "\x1f", "\x7f"].map((char) =>
    refused("9110 5.5", `value with ${JSON.stringify(char)}`, withField(`b: c${char}d`))
  ),
  refused("9110 15.5.18", "101 fields", `${GET}${HOST}${"b: c\r\n".repeat(100)}${END}`, 431),
  refused("9110 15.5.18", "a field of 16 KiB", withField(`b: ${"c".repeat(16_384)}`), 431),
  refused("9110 15.5.18", "fields without an end", `${GET}${HOST}b: ${"c".repeat(20_000)}`, 431),
  // Host.
  refused("9112 3.2", "no Host", `${GET}${END}`),
  refused("9112 3.2", "no Host among others", `${GET}B: c\r\nHosts: a\r\n${END}`),
  refused("9112 3.2", "two Hosts", `${GET}${HOST}${HOST}${END}`),
  refused("9112 3.2", "two different Hosts", `${GET}${HOST}hOST: b\r\n${END}`),
  refused("9112 3.2", "two Hosts in HTTP/1.0", `GET / HTTP/1.0\r\n${HOST}${HOST}${END}`),
  ...[
    "a b",
    "a/b",
    "a?b",
    "a#b",
    "u@a",
    "a:b",
    "a:1:2",
    "a:123456",
    "[::1",
    "::1",
    "a,b c",
    "a\\b",
    "é".normalize(),
    "<a>",
    '"a"',
    "a%",
    "a%2",
    "http://a",
  ]
    .map((host) => refused("9110 7.2", `Host ${host}`, `${GET}Host: ${host}\r\n${END}`)),
  // Bodies.
  refused("9112 6.1", "length and chunks", withField("Content-Length: 1\r\nTransfer-Encoding: chunked")),
  refused("9112 6.1", "chunks and length", withField("Transfer-Encoding: chunked\r\nContent-Length: 1")),
  refused("9112 6.1", "chunks and a length of 0", withField("Transfer-Encoding: x\r\nContent-Length: 0")),
  refused("9112 6.1", "chunks in HTTP/1.0", `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n${END}`),
  refused("9112 6.3", "two lengths", withField("Content-Length: 1\r\nContent-Length: 2")),
  refused("9112 6.3", "the same length twice", withField("Content-Length: 1\r\nContent-Length: 1")),
  ...["", "a", "-1", "+1", "1.0", "1e1", "0x1", "1,1", "1, 1", "1 1", "1;", "1a", "9999999999999999", "\xb2"]
    .map((length) =>
      refused("9112 6.3", `length ${JSON.stringify(length)}`, withField(`Content-Length: ${length}`))
    ),
];
