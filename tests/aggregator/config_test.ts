import assert from "node:assert/strict";
import fc from "fast-check";
import { type AggregatorConfig, aggregatorFlags, parseConfig } from "../../src/aggregator/config.ts";
import { type FlagSpec, type Lookup, readDotEnv } from "../../src/shared/flags/flags.ts";

const FACTS = { cores: 2, stderrIsTerminal: true };
const DEFAULTS: AggregatorConfig = {
  listen: [{ hostname: "0.0.0.0", port: 9999 }],
  outPath: "data/metrics.jsonl",
  outMode: 0o640,
  rotate: null,
  keep: null,
  checkpointPath: null,
  rejectedSamplePath: null,
  workers: 2,
  receiver: "auto",
  windowSeconds: [10, 60],
  align: "start",
  spareWorkers: 1,
  datagramBytesMax: 8192,
  receiveBufferBytes: 26_214_400,
  admin: { hostname: "127.0.0.1", port: 9998 },
  extra: "none",
  logLevel: "info",
  logFormat: "text",
};
const FLAGS: FlagSpec<unknown>[] = Object.values(aggregatorFlags(FACTS));
const nothing: Lookup = () => undefined;

function configOf(args: string[], facts = FACTS): AggregatorConfig {
  const request = parseConfig(args, nothing, nothing, facts);
  assert(request.kind === "run");
  return request.config;
}

Deno.test({
  name: "parseConfig: without flags, the documented defaults apply",
  permissions: "none",
  fn() {
    assert.deepEqual(configOf([]), DEFAULTS);
    assert.equal(configOf([], { cores: 8, stderrIsTerminal: false }).logFormat, "json");
    for (const [cores, workers] of [[0, 1], [1, 1], [64, 64], [256, 64]] as const) {
      assert.equal(configOf([], { cores, stderrIsTerminal: true }).workers, workers);
    }
  },
});

const ACCEPTED: [flag: string, text: string, change: Partial<AggregatorConfig>][] = [
  ["listen", "[::]:0", { listen: [{ hostname: "::", port: 0 }] }],
  ["listen", ":9999", { listen: [{ hostname: "", port: 9999 }] }],
  ["listen", "127.0.0.1:1,[::1]:1", {
    listen: [{ hostname: "127.0.0.1", port: 1 }, { hostname: "::1", port: 1 }],
  }],
  ["listen", "127.0.0.1:0,127.0.0.1:0", { listen: Array(2).fill({ hostname: "127.0.0.1", port: 0 }) }],
  ["out", "metrics.jsonl", { outPath: "metrics.jsonl" }],
  ["out", "/var/lib/a b/.hidden", { outPath: "/var/lib/a b/.hidden" }],
  ["out", "data/...", { outPath: "data/..." }],
  ["out", "-", { outPath: "-" }],
  ["rotate", "off", { rotate: null }],
  ["rotate", "daily", { rotate: { kind: "daily" } }],
  ["rotate", "4K", { rotate: { kind: "size", bytes: 4096 } }],
  ["rotate", "4096", { rotate: { kind: "size", bytes: 4096 } }],
  ["rotate", "1024G", { rotate: { kind: "size", bytes: 1024 ** 4 } }],
  ["keep", "all", { keep: null }],
  ["keep", "1", { keep: 1 }],
  ["keep", "10000", { keep: 10_000 }],
  ["rejected-sample", "-", { rejectedSamplePath: "-" }],
  ["checkpoint", "data/state", { checkpointPath: "data/state" }],
  ["out-mode", "0600", { outMode: 0o600 }],
  ["out-mode", "666", { outMode: 0o666 }],
  ["workers", "1", { workers: 1 }],
  ["workers", "64", { workers: 64 }],
  ["receiver", "auto", { receiver: "auto" }],
  ["receiver", "reuseport", { receiver: "reuseport" }],
  ["receiver", "datagram", { receiver: "datagram" }],
  ["windows", "1s", { windowSeconds: [1] }],
  ["windows", "86400s", { windowSeconds: [86_400] }],
  ["windows", "1h,1m,10s", { windowSeconds: [10, 60, 3600] }],
  ["windows", "24h,1440s", { windowSeconds: [1440, 86_400] }],
  ["windows", "60s,10s,20s", { windowSeconds: [10, 20, 60] }],
  ["windows", "1s,2s,3s,4s,5s,6s,7s,8s,9s,10s,11s,12s,13s,14s,15s,16s", {
    windowSeconds: Array.from({ length: 16 }, (_, index) => index + 1),
  }],
  ["align", "epoch", { align: "epoch" }],
  ["extra", "none", { extra: "none" }],
  ["extra", "messages", { extra: "messages" }],
  ["spare-workers", "0", { spareWorkers: 0 }],
  ["spare-workers", "64", { spareWorkers: 64 }],
  ["max-datagram", "64", { datagramBytesMax: 64 }],
  ["max-datagram", "65535", { datagramBytesMax: 65_535 }],
  ["receive-buffer", "4096", { receiveBufferBytes: 4096 }],
  ["receive-buffer", "1073741823", { receiveBufferBytes: 1_073_741_823 }],
  ["admin", "off", { admin: undefined }],
  ["admin", "[::1]:0", { admin: { hostname: "::1", port: 0 } }],
  ["log-level", "debug", { logLevel: "debug" }],
  ["log-format", "json", { logFormat: "json" }],
];

const REFUSED: [flag: string, text: string, reason: string][] = [
  ["listen", "9999", "give HOST:PORT, such as 127.0.0.1:9999 or [::1]:9999"],
  ["listen", "example.org:9999", "give an IP address, such as 127.0.0.1:9999 or [::1]:9999"],
  ["listen", "0.0.0.0:65536", "give a port from 0 to 65535"],
  ["listen", ":65536", "give a port from 0 to 65535"],
  ["listen", ":", "give a port from 0 to 65535"],
  ["listen", "0.0.0.0:1,", "give HOST:PORT, such as 127.0.0.1:9999 or [::1]:9999"],
  ["listen", "[::1]:1,[0:0::1]:1", "[::1]:1 is given twice: give it once"],
  ["listen", ":1,:1", ":1 is given twice: give it once"],
  ["listen", Array.from({ length: 17 }, (_, i) => `:${i}`).join(","), "give at most 16 addresses"],
  ["admin", "OFF", "give HOST:PORT, such as 127.0.0.1:9999 or [::1]:9999"],
  ["out", "data/", "give the path of a file, not of a directory"],
  ["out", "/", "give the path of a file, not of a directory"],
  ["out", ".", "give the path of a file, not of a directory"],
  ["out", "..", "give the path of a file, not of a directory"],
  ["out", "data/.", "give the path of a file, not of a directory"],
  ["out", "data/..", "give the path of a file, not of a directory"],
  ["out", "a\0b", "give a path without NUL"],
  ...["0", "640x", "0700", "0650", "0440", "00640", "416", "0o640", "rw-r-----"].map((
    text,
  ): [string, string, string] => ["out-mode", text, "give 0600 to 0666 without execute, such as 0640"]),
  ...["3K", "4095", "1025G", "1.5M", "100MB", "100m", "0", "-1", "weekly", "Daily"].map((
    text,
  ): [string, string, string] => ["rotate", text, "give daily, off, or a size from 4K to 1024G"]),
  ...["0", "10001", "-1", "7d"].map((text): [string, string, string] => [
    "keep",
    text,
    "give all, or an integer from 1 to 10000",
  ]),
  ["rejected-sample", "data/", "give the path of a file, not of a directory"],
  ["checkpoint", "data/", "give the path of a file, not of a directory"],
  ["workers", "0", "give an integer from 1 to 64"],
  ["workers", "65", "give an integer from 1 to 64"],
  ["workers", "-1", "give an integer from 1 to 64"],
  ["workers", "two", "give an integer from 1 to 64"],
  ["receiver", "epoll", "give one of auto, reuseport, datagram"],
  ["receiver", "AUTO", "give one of auto, reuseport, datagram"],
  ...[
    "10 s",
    " 10s",
    "10s, 60s",
    ..."10,10d,10S,s,0s,0m,25h,1441m,1m30s,1ms,-1s,010s,1.5s,1e1s,86401s,9e9s,10s;60s".split(","),
    "10s,",
    ",10s",
    ",",
  ]
    .map((text): [string, string, string] => [
      "windows",
      text,
      "give whole seconds, minutes or hours from 1s to 24h, separated by commas, such as 10s,1m",
    ]),
  ["windows", "60s,10s,15s", "15s is not a multiple of the shortest, 10s: give multiples of it"],
  ["windows", "7s,60s", "60s is not a multiple of the shortest, 7s: give multiples of it"],
  ["windows", "60s,10s,1m", "60s is given twice: give it once"],
  ["windows", "10s,60s,10s", "10s is given twice: give it once"],
  ["windows", Array.from({ length: 17 }, (_, index) => `${index + 1}s`).join(","), "give at most 16 lengths"],
  ["extra", "all", "give one of none, messages"],
  ["align", "now", "give one of start, epoch"],
  ["spare-workers", "-1", "give an integer from 0 to 64"],
  ["spare-workers", "65", "give an integer from 0 to 64"],
  ["max-datagram", "63", "give an integer from 64 to 65535"],
  ["max-datagram", "65536", "give an integer from 64 to 65535"],
  ["max-datagram", "8k", "give an integer from 64 to 65535"],
  ["receive-buffer", "4095", "give an integer from 4096 to 1073741823"],
  ["receive-buffer", "1073741824", "give an integer from 4096 to 1073741823"],
  ["receive-buffer", "25MiB", "give an integer from 4096 to 1073741823"],
  ["log-level", "trace", "give one of debug, info, warn, error"],
  ["log-level", "INFO", "give one of debug, info, warn, error"],
  ["log-format", "xml", "give one of text, json"],
];

Deno.test({
  name: "parseConfig: every value within the limits is accepted",
  permissions: "none",
  fn() {
    for (const [flag, text, change] of ACCEPTED) {
      assert.deepEqual(configOf([`--${flag}=${text}`]), { ...DEFAULTS, ...change }, `--${flag}=${text}`);
    }
  },
});

for (const [flag, text, reason] of REFUSED) {
  Deno.test({
    name: `parseConfig: --${flag}=${JSON.stringify(text)} is refused`,
    permissions: "none",
    fn() {
      const variable = `SLUICE_${flag.toUpperCase().replaceAll("-", "_")}`;
      const set: Lookup = (name) => name === variable ? text : undefined;
      const refusal = (source: string) => ({
        name: "UsageError",
        message: `Cannot use ${JSON.stringify(text)} for ${source}: ${reason}`,
      });
      assert.throws(() => configOf([`--${flag}=${text}`]), refusal(`--${flag}`));
      assert.throws(() => parseConfig([], set, nothing, FACTS), refusal(variable));
      assert.throws(() => parseConfig([], nothing, set, FACTS), refusal(`${variable} in .env`));
    },
  });
}

Deno.test({
  name: "parseConfig: windows are sorted, whatever their order in the flag",
  permissions: "none",
  fn() {
    const windows = fc.tuple(
      fc.integer({ min: 1, max: 5400 }),
      fc.uniqueArray(fc.integer({ min: 2, max: 16 }), { maxLength: 15 }),
    );
    fc.assert(fc.property(windows, fc.infiniteStream(fc.nat()), ([base, factors], random) => {
      const seconds = [base, ...factors.map((factor) => base * factor)];
      const shuffled = seconds.map((length) => ({ length, order: random.next().value }))
        .sort((one, other) => one.order - other.order).map(({ length }) => `${length}s`);
      const expected = seconds.toSorted((one, other) => one - other);
      assert.deepEqual(configOf(["--windows", shuffled.join(",")]).windowSeconds, expected);
    }));
  },
});

Deno.test({
  name: "parseConfig: a variable of the environment or of .env sets the same value as its flag",
  permissions: "none",
  fn() {
    const values: [flag: string, text: string][] = ACCEPTED.map(([flag, text]) => [flag, text]);
    for (const [flag, text] of values) {
      const variable = `SLUICE_${flag.toUpperCase().replaceAll("-", "_")}`;
      const set: Lookup = (name) => name === variable ? text : undefined;
      const config = configOf([`--${flag}=${text}`]);
      for (const request of [parseConfig([], set, nothing, FACTS), parseConfig([], nothing, set, FACTS)]) {
        assert.deepEqual(request, { kind: "run", config });
      }
    }
    assert.deepEqual(new Set(values.map(([flag]) => flag)), new Set(FLAGS.map(({ flag }) => flag)));
  },
});

Deno.test({
  name: "parseConfig: --help prints two lines per flag, at most 80 columns wide",
  permissions: "none",
  fn() {
    const request = parseConfig(["--help"], nothing, nothing, FACTS);
    assert(request.kind === "help");
    const lines = request.text.split("\n");
    assert.equal(lines.length, 1 + 2 * FLAGS.length);
    for (const line of lines) assert(line.length <= 80, line);
    for (
      const { flag, placeholder, variable, default: value, defaultShown } of FLAGS
    ) {
      const line = lines.find((line) => line.startsWith(`  --${flag} ${placeholder} `));
      assert.match(line ?? "", new RegExp(` ${variable} +${defaultShown ?? value}$`), flag);
    }
    assert.deepEqual(parseConfig(["--version"], nothing, nothing, FACTS), { kind: "version" });
  },
});

Deno.test({
  name: ".env.example: each variable is listed once, with its default",
  permissions: { read: [".env.example"] },
  fn() {
    const text = Deno.readTextFileSync(".env.example");
    const names = [...text.matchAll(/^#?(SLUICE_(?!SHIP_)\w+)=/gm)].map(([, name]) => name);
    assert.deepEqual(names, FLAGS.map(({ variable }) => variable));
    const seen: string[] = [];
    const uncommented = readDotEnv(".env", () => text.replaceAll(/^#(?=SLUICE_)/gm, ""));
    const dotEnv: Lookup = (name) => {
      if (uncommented(name) !== undefined) seen.push(name);
      return uncommented(name);
    };
    assert.deepEqual(parseConfig([], nothing, dotEnv, FACTS), { kind: "run", config: DEFAULTS });
    assert.deepEqual(seen, names);
  },
});
