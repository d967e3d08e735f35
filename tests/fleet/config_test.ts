import assert from "node:assert/strict";
import { UsageError } from "../../src/shared/flags/flags.ts";
import { fleetFlags, parseConfig } from "../../src/fleet/config.ts";

const unset = () => undefined;
const parse = (args: string[], env: Record<string, string> = {}) => {
  const request = parseConfig(args, (name) => env[name], unset, false);
  assert.ok(request.kind === "run");
  return request.config;
};

function test(name: string, fn: () => void): void {
  Deno.test({ name: `fleet config: ${name}`, permissions: "none", fn });
}

test("the defaults apply, unless flags or variables override them", () => {
  assert.deepEqual(parse([]), {
    windowSeconds: undefined,
    limit: 20,
    format: "json",
    follow: false,
    waitSeconds: 5,
    dataDirectory: "data/fleet",
    databaseUrl: "",
  });
  const { windowSeconds, databaseUrl } = parse(["--type", "60s"], { DATABASE_URL: "postgres://here" });
  assert.deepEqual([windowSeconds, databaseUrl], [60, "postgres://here"]);
});

test("--follow needs no value", () => {
  for (const args of [["--follow"], ["--follow", "yes"], ["--follow=yes"], ["--follow", "--limit", "3"]]) {
    assert.equal(parse(args).follow, true, String(args));
  }
  assert.equal(parse(["--follow", "no"]).follow, false);
});

test("an invalid value is an error of one line", () => {
  for (
    const args of [["--type", "60"], ["--type", "0s"], ["--limit", "0"], ["--format", "xml"], [
      "--wait",
      "-1",
    ], ["--data", "a\0"]]
  ) {
    assert.throws(
      () => parse(args),
      (error: Error) => error instanceof UsageError && !error.message.includes("\n"),
      String(args),
    );
  }
});

test("the help names every flag", () => {
  const request = parseConfig(["--help"], unset, unset, true);
  assert.ok(request.kind === "help");
  for (const { flag } of Object.values(fleetFlags(true))) assert.ok(request.text.includes(`--${flag} `));
  assert.equal(parseConfig(["--version"], unset, unset, true).kind, "version");
});
