import assert from "node:assert/strict";
import { readDotEnv, UsageError } from "../../src/shared/flags/flags.ts";
import { parseConfig, shipperFlags } from "../../src/shipper/config.ts";

const FACTS = { hostname: "edge-7", stderrIsTerminal: false };
const unset = () => undefined;

function parse(
  args: string[],
  env: Record<string, string> = {},
  facts: Parameters<typeof parseConfig>[3] = FACTS,
) {
  const request = parseConfig(args, (name) => env[name], unset, facts, () => "postgres://file\n");
  assert.ok(request.kind === "run");
  return request.config;
}

function test(name: string, fn: () => void): void {
  Deno.test({ name: `ship config: ${name}`, permissions: "none", fn });
}

test("without flags and variables the defaults apply", () => {
  assert.deepEqual(parse([]), {
    file: "data/metrics.jsonl",
    instance: "edge-7",
    labels: {},
    keepDays: undefined,
    admin: undefined,
    dataDirectory: "data/fleet",
    databaseUrl: "",
    logLevel: "info",
    logFormat: "json",
  });
});

test("a flag overrides a variable, and the database's URL comes from a variable or a file", () => {
  const config = parse(["--keep", "90d", "--labels", "region=eu,rack=7"], {
    SLUICE_SHIP_KEEP: "1d",
    SLUICE_SHIP_INSTANCE: "one",
    SLUICE_SHIP_ADMIN: "[::1]:9000",
    DATABASE_URL: "postgres://here",
  });
  assert.deepEqual(config.labels, { region: "eu", rack: "7" });
  assert.deepEqual([config.keepDays, config.instance, config.databaseUrl], [90, "one", "postgres://here"]);
  assert.deepEqual(config.admin, { hostname: "::1", port: 9000 });
  assert.equal(parse([], { DATABASE_URL_FILE: "/run/secrets/url" }).databaseUrl, "postgres://file");
});

const REFUSED: readonly (readonly string[])[] = [
  ["--file", "data/"],
  ["--file", "data\0"],
  ["--instance", "a\nb"],
  ["--instance", "a".repeat(101)],
  ["--labels", "a"],
  ["--labels", "a=b,a=c"],
  ["--labels", "1=b"],
  ["--labels", "a=\u0007"],
  ["--labels", Array.from({ length: 33 }, (_, i) => `l${i}=v`).join(",")],
  ["--keep", "90"],
  ["--keep", "0d"],
  ["--keep", "-1d"],
  ["--keep", "99999d"],
  ["--admin", "9000"],
  ["--data", "a\0"],
];

test("an invalid value is an error of one line", () => {
  for (const args of REFUSED) {
    assert.throws(
      () => parse([...args]),
      (error: Error) => error instanceof UsageError && !error.message.includes("\n"),
      String(args),
    );
  }
  assert.throws(() => parse([], {}, { ...FACTS, hostname: undefined }), /--instance NAME/);
});

test("the help names every flag, and the variables without a flag", () => {
  const request = parseConfig(["--help"], unset, unset, FACTS);
  assert.ok(request.kind === "help");
  for (const { flag } of Object.values(shipperFlags(FACTS))) assert.ok(request.text.includes(`--${flag} `));
  assert.ok(request.text.includes("DATABASE_URL"));
  assert.equal(parseConfig(["--version"], unset, unset, FACTS).kind, "version");
});

Deno.test({
  name: "ship config: .env.example names each variable once, with its default",
  permissions: { read: [".env.example"] },
  fn() {
    const text = Deno.readTextFileSync(".env.example");
    const names = [...text.matchAll(/^#?(SLUICE_SHIP_\w+)=/gm)].map(([, name]) => name);
    assert.deepEqual(names, Object.values(shipperFlags(FACTS)).map(({ variable }) => variable));
    const uncommented = readDotEnv(".env", () => text.replaceAll(/^#(?=SLUICE_SHIP_)/gm, ""));
    const request = parseConfig([], unset, uncommented, FACTS);
    assert.deepEqual(request.kind === "run" && request.config, parse([]));
  },
});
