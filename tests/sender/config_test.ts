import assert from "node:assert/strict";
import { parseConfig, type SenderConfig } from "../../src/sender/config.ts";
import { UsageError } from "../../src/shared/flags/flags.ts";

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `sender config: ${name}`, permissions: "none", fn });

const DEFAULTS: SenderConfig = {
  to: { hostname: "127.0.0.1", port: 9999 },
  count: 1000,
  rate: Infinity,
  sources: 1,
  perDatagram: 1,
  seed: 1,
  shape: "plain",
};

const ACCEPTED: [args: string, config: Partial<SenderConfig>][] = [
  ["", {}],
  ["--to [::1]:7777", { to: { hostname: "::1", port: 7777 } }],
  ["--to localhost:1", { to: { hostname: "127.0.0.1", port: 1 } }],
  ["--count 1", { count: 1 }],
  ["--count 1000000000000", { count: 1e12 }],
  ["--rate 200000", { rate: 200_000 }],
  ["--rate 200000/s", { rate: 200_000 }],
  ["--rate=1/s", { rate: 1 }],
  ["--sources 256", { sources: 256 }],
  ["--per-datagram 1819", { perDatagram: 1819 }],
  ["--seed 0", { seed: 0 }],
  ["--seed 4294967295", { seed: 4_294_967_295 }],
  ["--shape extra --per-datagram 200 --count 5", { shape: "extra", perDatagram: 200, count: 5 }],
];

for (const [args, config] of ACCEPTED) {
  test(`accepts ${JSON.stringify(args)}`, () => {
    const expected = { kind: "run", config: { ...DEFAULTS, ...config } };
    assert.deepEqual(parseConfig(args.split(" ").filter(Boolean)), expected);
  });
}

const REJECTED: [args: string, message: RegExp][] = [
  ["--to 127.0.0.1", /--to: give HOST:PORT/],
  ["--to 127.0.0.1:0", /--to: give a port from 1 to 65535/],
  ["--to example.org:1", /--to: give an IP address/],
  ["--count 0", /--count: give an integer from 1 to 1000000000000$/],
  ["--count 1e6", /--count/],
  ["--count 1000000000001", /--count/],
  ["--rate 0", /--rate: give messages per second from 1 to 1000000000$/],
  ["--rate 5/m", /--rate/],
  ["--rate /s", /--rate/],
  ["--rate 5/s/s", /--rate/],
  ["--sources 0", /--sources/],
  ["--sources 257", /--sources: give an integer from 1 to 256/],
  ["--per-datagram 0", /--per-datagram/],
  ["--per-datagram 1820", /--per-datagram/],
  [
    "--per-datagram 1000 --shape extra",
    /1000 messages of shape extra in a datagram: give --per-datagram from 1 to \d+$/,
  ],
  ["--seed -1", /--seed/],
  ["--seed 4294967296", /--seed/],
  ["--shape round", /--shape: give one of plain, spaced, shuffled, extra/],
  ["--rates 5", /"--rates": did you mean --rate\?/],
  ["9999", /Unexpected argument "9999"/],
];

for (const [args, message] of REJECTED) {
  test(`rejects ${args}`, () => {
    assert.throws(() => parseConfig(args.split(" ")), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  });
}

test("--version and --help need no other flags", () => {
  assert.deepEqual(parseConfig(["--version"]), { kind: "version" });
  const help = parseConfig(["--help"]);
  assert.ok(help.kind === "help");
  assert.match(help.text, /--rate N\/s +no limit/);
});
