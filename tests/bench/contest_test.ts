import assert from "node:assert/strict";
import { UsageError } from "../../src/shared/flags/flags.ts";
import {
  type AnyContest,
  checkNames,
  isAskedFor,
  renderNames,
  renderOutcome,
  separateByTools,
} from "./contest.ts";
import type { Tool } from "./machine.ts";
import type { Options } from "./options.ts";
import { integer } from "./table.ts";

const test = (name: string, fn: () => void | Promise<void>) =>
  Deno.test({ name: `bench contest: ${name}`, permissions: "none", fn });

const tool = (program: string): Tool => ({ program, versionFlag: "-v", debianPackages: `${program}-pkg` });
const [wrk, nginx] = [tool("wrk"), tool("nginx")];
const contenders = [
  { name: "ours", about: "the balancer", needs: [wrk] },
  { name: "nginx", about: "a web server", needs: [wrk, nginx] },
  { name: "plain", about: "needs nothing" },
];
const contest: AnyContest = {
  part: "balancer",
  contenders,
  loads: [{ name: "one", about: "one connection", usual: true }, { name: "many", about: "more of them" }],
  baselines: ["nginx"],
  columns: [{ figure: "ns", title: "ns", show: integer }],
  measure: () => Promise.reject(new Error("not called")),
};
const options: Options = {
  parts: ["balancer"],
  runs: 1,
  seconds: 1,
  count: null,
  loads: [],
  contenders: [],
  baseline: null,
  json: false,
};

for (
  const [missing, runnable, skipped] of [
    [[], "ours nginx plain", []],
    [["nginx"], "ours plain", [["nginx"]]],
    [["wrk"], "plain", [["ours", "nginx"]]],
    [["wrk", "nginx"], "plain", [["ours", "nginx"]]],
  ] as const
) {
  test(`${missing.length === 0 ? "with every tool" : `without ${missing.join(" and ")}`}, ${runnable} can run`, async () => {
    const result = await separateByTools(
      contenders,
      ({ program }) => Promise.resolve(!missing.some((name) => name === program)),
    );
    assert.equal(result.runnable.map(({ name }) => name).join(" "), runnable);
    assert.deepEqual(result.skipped.map((skip) => skip.contenders), skipped);
    if (missing[0]) {
      assert.equal(
        result.skipped[0]!.reason,
        `${missing[0]} is missing; on Debian: apt-get install ${missing[0]}-pkg`,
      );
    }
  });
}

test("names in the options must belong to a contest that runs", () => {
  checkNames([contest], {
    ...options,
    contenders: ["ours", "plain"],
    loads: ["many", "all"],
    baseline: "nginx",
  });
  const refuses = (given: Partial<Options>, message: string) =>
    assert.throws(() => checkNames([contest], { ...options, ...given }), new UsageError(message));
  refuses({ contenders: ["ours", "mine"] }, 'Cannot use "mine" for --contender: give ours, nginx, plain');
  refuses({ baseline: "one" }, 'Cannot use "one" for --baseline: give ours, nginx, plain');
  refuses({ loads: ["ours"] }, 'Cannot use "ours" for --load: give one, many, all');
});

test("a contest is left out when the options ask for no part of it", () => {
  const asked = (given: Partial<Options>) => isAskedFor(contest, { ...options, ...given });
  assert.ok(
    asked({}) && asked({ loads: ["many"] }) && asked({ loads: ["all"] }) && asked({ contenders: ["plain"] }),
  );
  assert.ok(
    !asked({ parts: ["aggregator"] }) && !asked({ loads: ["flat"] }) && !asked({ contenders: ["node"] }),
  );
});

test("the outcome lists what failed and what was not run, with the reasons", () => {
  const text = renderOutcome(contest, {
    part: "balancer",
    baseline: null,
    summaries: [],
    samples: [],
    failures: [
      { load: "one", contender: "ours", run: 2, reason: "it hung" },
      { load: "many", contender: "ours", run: 1, reason: "it hung" },
      { load: "many", contender: "nginx", run: 1, reason: "it hung" },
    ],
    skipped: [{ contenders: ["nginx", "plain"], reason: "nginx is missing" }],
  });
  assert.deepEqual(text.split("\n"), [
    "balancer: median (min–max), no baseline ran",
    "nothing was measured",
    "failed: ours: it hung (one, run 2; many, run 1)",
    "failed: nginx: it hung (many, run 1)",
    "not run: nginx, plain: nginx is missing",
  ]);
});

test("the help lists all names and marks the default loads", () => {
  assert.deepEqual(renderNames(contest).split("\n"), [
    "Contenders of the balancer:",
    "  ours   the balancer",
    "  nginx  a web server",
    "  plain  needs nothing",
    "Loads of the balancer:",
    "  one   one connection *",
    "  many  more of them",
  ]);
});
