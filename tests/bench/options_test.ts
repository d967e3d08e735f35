import assert from "node:assert/strict";
import { UsageError } from "../../src/shared/flags/flags.ts";
import { parseOptions } from "./options.ts";

const test = (name: string, fn: () => void) =>
  Deno.test({ name: `bench options: ${name}`, permissions: "none", fn });
const parse = (line: string) => parseOptions(line.split(" ").filter((word) => word !== ""), "NAMES");

const DEFAULTS = {
  parts: ["aggregator", "balancer", "scanner"],
  runs: 5,
  seconds: 1,
  count: null,
  loads: [],
  contenders: [],
  baseline: null,
  json: false,
};

for (
  const [line, changed] of [
    ["", {}],
    ["--only balancer", { parts: ["balancer"] }],
    ["--json --runs 1 --count 20000", { json: true, runs: 1, count: 20_000 }],
    ["--seconds 10 --json", { seconds: 10, json: true }],
    ["--load flat,50k --contender node --baseline c-naive", {
      loads: ["flat", "50k"],
      contenders: ["node"],
      baseline: "c-naive",
    }],
  ] as const
) {
  test(`deno task bench ${line} is accepted`, () => {
    assert.deepEqual(parse(line), { kind: "run", options: { ...DEFAULTS, ...changed } });
  });
}

for (const line of ["--only sender", "--runs 0", "--count 10", "--seconds 1.5", "--json=yes", "flat"]) {
  test(`deno task bench ${line} is refused`, () => assert.throws(() => parse(line), UsageError));
}

test("the help names --json, and ends with the names of loads and contenders", () => {
  const help = parse("--help");
  assert.ok(help.kind === "help");
  assert.match(help.text, /--json\n/);
  assert.ok(help.text.endsWith("\n\nNAMES"));
});
