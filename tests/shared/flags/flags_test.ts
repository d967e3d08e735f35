import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FlagSpec,
  helpText,
  hostPort,
  integer,
  type Lookup,
  oneOf,
  parseFlags,
  readDotEnv,
  UsageError,
} from "../../../src/shared/flags/flags.ts";

const test = (name: string, fn: () => void) => Deno.test({ name, permissions: "none", fn });
const raise = (error: Error) => () => {
  throw error;
};

const TABLE = {
  workers: {
    flag: "workers",
    placeholder: "N",
    variable: "SLUICE_WORKERS",
    default: "2",
    defaultShown: "one per core",
    help: "how many",
    parse: integer(-9, 64),
  },
  outPath: {
    flag: "out",
    placeholder: "FILE",
    default: "",
    help: "where to",
    parse: (text: string) => text || undefined,
  },
} satisfies Record<string, FlagSpec<unknown>>;

const nothing: Lookup = () => undefined;
const only = (name: string, value: string | undefined): Lookup => (variable) =>
  variable === name ? value : undefined;
const parse = (args: string[], env: Lookup = nothing, dotEnv: Lookup = nothing) =>
  parseFlags(args, TABLE, env, dotEnv);

/** Returns the message of the UsageError that `run` throws, which must be one short, printable line. */
function refusal(run: () => unknown): string {
  let message = "";
  assert.throws(run, (error) => {
    assert(error instanceof UsageError, String(error));
    message = error.message;
    return true;
  });
  assert.doesNotMatch(message, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert(message.length < 200, message);
  return message;
}

test("parseFlags: the values of a repeated list flag are joined with commas", () => {
  const table = { out: { ...TABLE.outPath, variable: "OUT", isList: true } } as const;
  const outOf = (args: string[]) => {
    const parsed = parseFlags(args, table, only("OUT", "x,y"), nothing);
    return parsed.kind === "run" && parsed.values.out;
  };
  assert.equal(outOf([]), "x,y");
  assert.equal(outOf(["--out", "a"]), "a");
  assert.equal(outOf(["--out", "a,b", "--out=c", "--out", "a"]), "a,b,c,a");
  assert.match(refusal(() => outOf(["--out", "a", "--out"])), /^--out has no value/);
});

const ACCEPTED: [args: string[], workers: number, outPath: string | undefined][] = [
  [[], 2, undefined],
  [["--workers", "3"], 3, undefined],
  [["--workers=3"], 3, undefined],
  [["--workers=-3"], -3, undefined],
  [["--out", "-"], 2, "-"],
  [["--out=--workers"], 2, "--workers"],
  [["--out=a=b", "--workers", "64"], 64, "a=b"],
];

const REFUSED: [args: string[], message: RegExp][] = [
  [["--worker", "3"], /^Unknown flag "--worker": did you mean --workers\?$/],
  [["--wrokers=3"], /^Unknown flag "--wrokers": did you mean --workers\?$/],
  [["--halp"], /did you mean --help\?$/],
  [["-h"], /^Unknown flag "-h": did you mean --help\?$/],
  [["--bogus"], /^Unknown flag "--bogus": --help lists the flags$/],
  [["--no-workers"], /^Unknown flag "--no-workers"/],
  [["--__proto__=1"], /^Unknown flag "--__proto__"/],
  [["--constructor"], /^Unknown flag "--constructor"/],
  [["--WORKERS", "3"], /^Unknown flag "--WORKERS"/],
  [["--\x1b[2J\n"], /^Unknown flag "--\\u001b\[2J\\n"/],
  [["--" + "x".repeat(1e6)], /^Unknown flag "--x{58}…"/],
  [["-abc"], /^Unknown flag "-a"/],
  [["3"], /^Unexpected argument "3": give flags only/],
  [["-"], /^Unexpected argument "-"/],
  [[""], /^Unexpected argument ""/],
  [["--workers", "3", "4"], /^Unexpected argument "4"/],
  [["--", "--workers", "3"], /^Unexpected argument "--"/],
  [["--workers"], /^--workers has no value: give --workers N$/],
  [["--workers", ""], /^--workers has no value: give --workers N$/],
  [["--workers="], /^--workers has no value: give --workers N$/],
  [["--out", "--workers", "3"], /^--out has no value before "--workers": give --out FILE, or --out=VALUE /],
  [["--out", "--help"], /^--out has no value before "--help"/],
  [["--workers", "-3"], /^--workers has no value before "-3"/],
  [["--workers", "3", "--workers", "3"], /^--workers is given twice: give it once$/],
  [["--workers", "65"], /^Cannot use "65" for --workers: give an integer from -9 to 64$/],
  [["--workers", "a\u202eb\n"], /^Cannot use "a\\u202eb\\n" for --workers: give an integer/],
  [["--help=yes"], /^--help takes no value$/],
  [["--version="], /^--version takes no value$/],
];

test("parseFlags: a flag takes its value, and the others their defaults", () => {
  for (const [args, workers, outPath] of ACCEPTED) {
    assert.deepEqual(parse(args), { kind: "run", values: { workers, outPath } }, args.join(" "));
  }
});

for (const [args, message] of REFUSED) {
  test(`parseFlags: ${JSON.stringify(args).slice(0, 60)} is refused`, () => {
    assert.match(refusal(() => parse(args)), message);
  });
}

test("parseFlags: the error names the source of a bad value", () => {
  const bad = only("SLUICE_WORKERS", "many");
  const good = only("SLUICE_WORKERS", "5");
  assert.match(refusal(() => parse([], bad, good)), /^Cannot use "many" for SLUICE_WORKERS: give /);
  assert.match(
    refusal(() => parse([], nothing, bad)),
    /^Cannot use "many" for SLUICE_WORKERS in \.env: give /,
  );
});

test("parseFlags: an error other than a bad value is thrown unchanged", () => {
  const bug = new TypeError("a bug");
  const table = { x: { ...TABLE.outPath, parse: raise(bug) } };
  assert.throws(() => parseFlags([], table, nothing, nothing), bug);
});

test("parseFlags: a value comes from the flag, else the environment, else .env, else the default", () => {
  const text = fc.option(fc.integer({ min: 0, max: 64 }).map(String), { nil: undefined });
  const variable = fc.oneof(text, fc.constant(""));
  fc.assert(fc.property(text, variable, variable, (flag, env, dotEnv) => {
    const args = flag === undefined ? [] : ["--workers", flag];
    const parsed = parse(args, only("SLUICE_WORKERS", env), only("SLUICE_WORKERS", dotEnv));
    assert.deepEqual(parsed, {
      kind: "run",
      values: { workers: Number(flag ?? (env || dotEnv || "2")), outPath: undefined },
    });
  }));
});

test("parseFlags: --help and --version come before any error, and the environment is not read", () => {
  const unasked: Lookup = () => assert.fail("the environment was read");
  for (const kind of ["help", "version"]) {
    for (const args of [[], ["--bogus"], ["--workers", "many"], ["x"], ["--workers=1", "--workers=1"]]) {
      for (const all of [[`--${kind}`, ...args], [...args, `--${kind}`]]) {
        assert.deepEqual(parse(all, unasked, unasked), { kind });
      }
    }
  }
});

test("parseFlags: any arguments give values or a UsageError", () => {
  const argument = fc.oneof(
    fc.string(),
    fc.constantFrom("--workers", "--out", "--workers=7", "--", "-", "3", "--help"),
  );
  fc.assert(fc.property(fc.array(argument, { maxLength: 5 }), (args) => {
    try {
      assert(["run", "help", "version"].includes(parse(args).kind));
    } catch (error) {
      assert(error instanceof UsageError, String(error));
    }
  }));
});

test("integer: every integer in the range is accepted, and no other", () => {
  const parse = integer(-3, 1000);
  fc.assert(
    fc.property(fc.integer({ min: -3, max: 1000 }), (value) => assert.equal(parse(String(value)), value)),
  );
  fc.assert(fc.property(
    fc.oneof(fc.bigInt({ max: -4n }), fc.bigInt({ min: 1001n })),
    (value) => assert.throws(() => parse(String(value)), new RangeError("give an integer from -3 to 1000")),
  ));
  assert.equal(integer(0, Number.MAX_SAFE_INTEGER)("9007199254740991"), 9007199254740991);
  assert.throws(() => integer(0, Number.MAX_SAFE_INTEGER)("9007199254740992"), RangeError);
});

test("integer: any other notation is refused", () => {
  const notations = "5.0 5. .5 1e3 1E3 0x10 0b1 0o7 010 00 +5 -0 --5 5n 1_000 1,000 ٥ ５ NaN Infinity five";
  for (const text of ["", " ", " 5", "5 ", "5\n", ...notations.split(" ")]) {
    assert.throws(() => integer(-9, 9999)(text), SyntaxError, JSON.stringify(text));
  }
});

test("oneOf: only the choices are accepted", () => {
  const parse = oneOf(["start", "epoch"]);
  assert.equal(parse("start"), "start");
  assert.equal(parse("epoch"), "epoch");
  for (const text of ["", "Start", "star", "starts", " start", "start,epoch", "toString"]) {
    assert.throws(() => parse(text), new RangeError("give one of start, epoch"), text);
  }
});

const ADDRESSES: [text: string, hostname: string, port: number][] = [
  ["0.0.0.0:9999", "0.0.0.0", 9999],
  ["255.255.255.255:65535", "255.255.255.255", 65535],
  ["127.0.0.1:0", "127.0.0.1", 0],
  ["localhost:80", "127.0.0.1", 80],
  ["[::]:9999", "::", 9999],
  ["[::1]:1", "::1", 1],
  ["[2001:DB8:0:0:0:0:0:1]:1", "2001:db8::1", 1],
  ["[::ffff:1.2.3.4]:1", "::ffff:102:304", 1],
];

const NO_HOST_AND_PORT =
  "9999 127.0.0.1 ::1:9999 [::1] [::1]9999 [::1:9999 ::1]:9999 127.0.0.1:9999:1 [::1]@[::1]:9 udp://[::1]:1";
const NO_IPV4 = "127.0.0.256 127.0.0.01 127.0.0.0x1 127.0.0 127.0.0.1. 127.0.0.1.1 127.0.0.-1 2130706433";
const NO_IPV6 =
  "[] [127.0.0.1] [localhost] [:::] [1::2::3] [1:2:3:4:5:6:7] [1:2:3:4:5:6:7:8:9] [12345::] [::g]";
const NO_HOSTS = [
  ...[NO_IPV4, NO_IPV6, "[::1%eth0] [::1.2.3.256] * example.org LOCALHOST"].join(" ").split(" "),
  ...["", " 127.0.0.1", "127.0.0.1 ", "127.0.0.1\n", "[::1\n]", "[:\t:1]"],
];

test("hostPort: an IPv4 or IPv6 literal or localhost, with a port, is accepted", () => {
  for (const [text, hostname, port] of ADDRESSES) {
    assert.deepEqual(hostPort()(text), { hostname, port }, text);
  }
  fc.assert(fc.property(fc.ipV4(), fc.integer({ min: 0, max: 65535 }), (hostname, port) => {
    assert.deepEqual(hostPort()(`${hostname}:${port}`), { hostname, port });
  }));
  fc.assert(fc.property(fc.ipV6(), (address) => {
    const { hostname } = hostPort()(`[${address}]:1`);
    assert.deepEqual(hostPort()(`[${hostname}]:1`), { hostname, port: 1 });
  }));
});

test("hostPort: anything else is refused, and the error says what to give", () => {
  const refuses = (text: string, message: RegExp) =>
    assert.throws(() => hostPort()(text), { message }, JSON.stringify(text));
  for (const text of ["", ...NO_HOST_AND_PORT.split(" ")]) refuses(text, /^give HOST:PORT/);
  for (const host of NO_HOSTS) refuses(`${host}:9999`, /^give an IP address/);
  for (const port of ["", "65536", "-1", "080", " 80", "http"]) {
    refuses(`[::1]:${port}`, /^give a port from 0 to 65535$/);
  }
  assert.throws(() => hostPort(1)("127.0.0.1:0"), new RangeError("give a port from 1 to 65535"));
});

test("helpText: each flag is shown with its placeholder, variable, default and help", () => {
  assert.equal(
    helpText("deno task x", TABLE),
    `Usage: deno task x [--help] [--version] [FLAG VALUE]...
  --workers N  SLUICE_WORKERS  one per core
      how many
  --out FILE
      where to`,
  );
});

test("readDotEnv: the variables of the file are returned", () => {
  const read = (text: string) => readDotEnv(".env", () => text);
  const dotEnv = read("# a comment\nSLUICE_OUT='a b' # more\nexport B=1\r\n\nnonsense\nC=\nD=x=y");
  const expected = { SLUICE_OUT: "a b", B: "1", C: "", D: "x=y", nonsense: undefined, toString: undefined };
  for (const [name, value] of Object.entries(expected)) assert.equal(dotEnv(name), value, name);
  assert.equal(read("\uFEFFA=1")("A"), "1");
  assert.equal(read("")("A"), undefined);
});

Deno.test({
  name: "readDotEnv: a missing file counts as empty",
  permissions: { read: [".env.example"] },
  fn() {
    const missing = raise(new Deno.errors.NotFound("No such file"));
    assert.equal(readDotEnv(".env", missing)("A"), undefined);
    assert.equal(readDotEnv(".env.example")("A"), undefined);
  },
});

test("readDotEnv: a file without read permission of Deno counts as empty", () => {
  assert.equal(readDotEnv(".env.example")("A"), undefined);
});

test("readDotEnv: a file that can't be read is an error", () => {
  const error = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  assert.throws(() => readDotEnv(".env", raise(error)), {
    message: 'Cannot read ".env": Permission denied (os error 13); mend the file or remove it',
  });
});
