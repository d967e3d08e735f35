import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createLog,
  type Log,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
} from "../../src/shared/log.ts";

const NOW = new Date("2026-11-21T22:00:00Z");
/** Characters that a reader may take for the end of a line, or a terminal for a command. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function logged(format: LogFormat, use: (log: Log) => void, level: LogLevel = "debug"): string[] {
  const lines: string[] = [];
  use(createLog({ level, format, write: (line) => lines.push(line), now: () => NOW }));
  return lines;
}

const hostileText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom(...'\n\r\0\x1b\x7f\x85\x9b\u2028\u202e"\\= '),
  ),
});

const CASES: [name: string, fields: Record<string, unknown>, json: string, text: string][] = [
  ["no field", {}, "", ""],
  ["a number", { workers: 2 }, '"workers":2', "workers=2"],
  ["a word", { receiver: "reuseport" }, '"receiver":"reuseport"', "receiver=reuseport"],
  ["an address", { address: "[::1]:9999" }, '"address":"[::1]:9999"', "address=[::1]:9999"],
  ["a sentence", { reason: "no space" }, '"reason":"no space"', 'reason="no space"'],
  ["the empty string", { reason: "" }, '"reason":""', 'reason=""'],
  [
    "text that looks like a field",
    { file: "a level=error" },
    '"file":"a level=error"',
    'file="a level=error"',
  ],
  ["a line break", { file: "a\nb" }, '"file":"a\\nb"', 'file="a\\nb"'],
  ["C1 and bidirectional controls", { x: "\x9b\u202e" }, '"x":"\\u009b\\u202e"', 'x="\\u009b\\u202e"'],
  ["a control beyond 16 bits", { x: "\u{e0001}" }, '"x":"\\udb40\\udc01"', 'x="\\udb40\\udc01"'],
  ["a name with a backslash", { "a\\b": 1 }, '"a\\\\b":1', '"a\\\\b"=1'],
  ["an array", { windows: ["10s", "60s"] }, '"windows":["10s","60s"]', 'windows=["10s","60s"]'],
  [
    "an object",
    { rejected: { syntax: 3, empty: 0 } },
    '"rejected":{"syntax":3,"empty":0}',
    "rejected.syntax=3 rejected.empty=0",
  ],
  ["an object in an object", { a: { b: { c: 1 } } }, '"a":{"b":{"c":1}}', "a.b.c=1"],
  ["an empty object", { rejected: {} }, '"rejected":{}', "rejected={}"],
  ["null", { dropped: null }, '"dropped":null', "dropped=null"],
  ["undefined", { dropped: undefined, late: 1 }, '"late":1', "late=1"],
  ["an exact bigint", { sum: 9007199254740991n }, '"sum":9007199254740991', "sum=9007199254740991"],
  [
    "a bigint beyond 2^53",
    { sum: -9007199254740993n },
    '"sum":"-9007199254740993"',
    'sum="-9007199254740993"',
  ],
  ["a bigint in an array", { sums: [1n] }, '"sums":[1]', "sums=[1]"],
  ["an error", { cause: new RangeError("too far") }, '"cause":"too far"', 'cause="too far"'],
  ["an error without a message", { cause: new RangeError() }, '"cause":"RangeError"', 'cause="RangeError"'],
  ["an odd key", { "a b": 1 }, '"a b":1', '"a b"=1'],
];

for (const [name, fields, json, text] of CASES) {
  Deno.test({
    name: `log: ${name} is written as JSON and as text`,
    permissions: "none",
    fn() {
      const use = (log: Log) => log.info("listening", "it is ready", fields);
      const head =
        '{"time":"2026-11-21T22:00:00.000Z","level":"info","event":"listening","message":"it is ready"';
      assert.deepEqual(logged("json", use), [`${head}${json && ","}${json}}`]);
      assert.deepEqual(logged("text", use), [
        `2026-11-21T22:00:00.000Z INFO  listening: it is ready${text && " "}${text}`,
      ]);
    },
  });
}

Deno.test({
  name: "log: control characters in a message are escaped, and quotes are not",
  permissions: "none",
  fn() {
    assert.deepEqual(
      logged("text", (log) => log.error("sink", 'Cannot open "a"\n2026 INFO forged: \x1b[2J')),
      [
        '2026-11-21T22:00:00.000Z ERROR sink: Cannot open "a"\\u000a2026 INFO forged: \\u001b[2J',
      ],
    );
  },
});

Deno.test({
  name: "log: the requested level and those above it are written",
  permissions: "none",
  fn() {
    for (const format of LOG_FORMATS) {
      for (const [index, level] of LOG_LEVELS.entries()) {
        const lines = logged(format, (log) => LOG_LEVELS.forEach((each) => log[each](each, "")), level);
        assert.equal(lines.length, LOG_LEVELS.length - index);
        assert.match(lines[0]!, new RegExp(level, "i"));
      }
    }
  },
});

Deno.test({
  name: "log: any input becomes one printable line",
  permissions: "none",
  fn() {
    const fields = fc.dictionary(
      hostileText,
      fc.oneof(hostileText, fc.bigInt(), fc.jsonValue(), fc.dictionary(hostileText, hostileText)),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...LOG_FORMATS),
        hostileText,
        hostileText,
        fields,
        (format, event, message, fields) => {
          const lines = logged(format, (log) => log.warn(event, message, fields));
          assert.equal(lines.length, 1);
          assert.doesNotMatch(lines[0]!, UNPRINTABLE);
        },
      ),
    );
  },
});

Deno.test({
  name: "log: a JSON line parses to the message and fields, and fields can't replace the head",
  permissions: "none",
  fn() {
    const message = hostileText.filter((text) => text.isWellFormed());
    // After a name with a backslash, V8's JSON.parse reads other escaped names as that name
    // (github.com/nodejs/node/issues/63785). `CASES` has a name with a backslash.
    const name = message.filter((text) => !text.includes("\\"));
    const fields = fc.dictionary(
      fc.oneof(name, fc.constantFrom("time", "level", "event", "message")),
      message,
    );
    fc.assert(fc.property(message, fields, (message, fields) => {
      const [line] = logged("json", (log) => log.warn("sink", message, fields));
      const head = { time: NOW.toISOString(), level: "warn", event: "sink", message };
      assert.deepEqual(JSON.parse(line!), { ...fields, ...head });
      assert.deepEqual(
        Object.keys(JSON.parse(line!)).filter((key) => Object.hasOwn(head, key)),
        Object.keys(head),
      );
    }));
  },
});
