/**
 * Tests the house rules: the rules for the structure of the project. Each rule is checked twice. The project
 * must follow it, and the rule must find what is wrong in a small sample: so a rule that no longer finds
 * anything is noticed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { noCircles } from "./support/house/circles.ts";
import * as configurations from "./support/house/configurations.ts";
import * as house from "./support/house/house.ts";
import { supportIndex } from "./support/house/support_index.ts";
import type { Check, Tree } from "./support/house/tree.ts";
import * as commands from "./support/house/house_commands.ts";

/** Files in the root folder that are not part of the project, as in .gitignore. */
const UNTRACKED = new Set([".git", ".env", "node_modules", "data", "coverage"]);

async function* walk(
  directory: string,
): AsyncGenerator<[path: string, text: string]> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(directory)) {
    const path = directory === "." ? name : `${directory}/${name}`;
    if (directory === "." && UNTRACKED.has(name)) continue;
    if (isDirectory) yield* walk(path);
    if (isFile) yield [path, await Deno.readTextFile(path)];
  }
}

let project: Promise<Tree> | undefined;
const readProject = (): Promise<Tree> =>
  project ??= Array.fromAsync(walk(".")).then((files) => new Map(files));

/** Composed, because no file may contain the flag for all permissions, not even this test. */
const ALL = "--allow" + "-all";
const SHORT_ALL = "-" + "A";

interface Rule {
  name: string;
  check: Check;
  /** A tree that breaks the rule, and also contains code that is allowed but looks similar. */
  sample: Record<string, string>;
  /** The beginnings of the findings that the check must return for the sample, in order. */
  finds: string[];
}

const RULES: readonly Rule[] = [
  {
    name: "files import only what their folder may import",
    check: house.layering,
    sample: {
      "src/aggregator/main.ts":
        'new Worker(new URL("./worker.ts", import.meta.url)); // import "./worker.ts"',
      "src/aggregator/config.ts": 'export * from "../balancer/config.ts";',
      "src/aggregator/helper.ts":
        'import { a } from "./write/sink.ts"; import { b } from "./aggregate/partial.ts";',
      "src/aggregator/master.ts":
        'import "./aggregate/partial.ts";\nimport type { Scan } from "./parse/scanner.ts";',
      "src/aggregator/receive/datagram.ts": 'import { c } from "../helper.ts";',
      "src/aggregator/admin/health.ts": 'import type { S } from "../write/sink.ts"; import "./report.ts";',
      "src/aggregator/parse/scanner.ts":
        'import "../aggregate/partial.ts"; import type { D } from "../aggregate/windows.ts";',
      "src/aggregator/worker.ts":
        'import type { E } from "./parse/scanner.ts";\nawait import("./write/record.ts");',
      "src/balancer/redirect/redirector.ts":
        'import { g } from "../choose/routing.ts"; import { h } from "../store/read.ts";',
      "src/balancer/redirect/target.ts": 'import { i } from "../../aggregator/write/record.ts";',
      "src/balancer/admin/routes.ts": 'import "../store/read.ts"; import { P } from "@electric-sql/pglite";',
      "src/balancer/store/read.ts":
        'import "../../shared/database/sql.ts";\nimport postgres from "postgres";',
      "src/prober/remote_prober.ts":
        'import { l } from "../balancer/store/read.ts"; import "../balancer/choose/routing.ts";',
      "src/shared/database/sql.ts": 'import postgres from "postgres";',
      "src/shared/flags/duration.ts": 'import type { L } from "../database/sql.ts";',
      "src/shared/log.ts":
        'import "../sender/shapes.ts";\nimport { j } from "../balancer/choose/routing.ts";',
      "src/shipper/names.ts": 'import type { M } from "../aggregator/write/record.ts";',
      "src/sender/shapes.ts": 'import { k } from "../../tests/support/sample.ts";',
      "tests/aggregator/main_test.ts":
        'import "../../src/aggregator/main.ts"; import "../support/sample.ts";',
    },
    finds: [
      "src/aggregator/config.ts:1 imports src/balancer/config.ts: forbidden",
      "src/aggregator/master.ts:2 imports src/aggregator/parse/scanner.ts: forbidden",
      "src/aggregator/receive/datagram.ts:1 imports src/aggregator/helper.ts, which loads src/aggregator/write/sink.ts: forbidden",
      "src/aggregator/admin/health.ts:1 imports src/aggregator/write/sink.ts: forbidden",
      "src/aggregator/parse/scanner.ts:1 imports src/aggregator/aggregate/windows.ts: forbidden",
      "src/aggregator/worker.ts:2 imports src/aggregator/write/record.ts: forbidden",
      "src/balancer/redirect/redirector.ts:1 imports src/balancer/store/read.ts: forbidden",
      "src/balancer/redirect/target.ts:1 imports src/aggregator/write/record.ts: forbidden",
      "src/balancer/admin/routes.ts:1 imports @electric-sql/pglite: forbidden",
      "src/balancer/store/read.ts:2 imports postgres: forbidden",
      "src/prober/remote_prober.ts:1 imports src/balancer/store/read.ts: forbidden",
      "src/shared/flags/duration.ts:1 imports src/shared/database/sql.ts: forbidden",
      "src/shared/log.ts:1 imports src/sender/shapes.ts, which loads tests/support/sample.ts: forbidden",
      "src/shared/log.ts:2 imports src/balancer/choose/routing.ts: forbidden",
      "src/shipper/names.ts:1 imports src/aggregator/write/record.ts: forbidden",
      "src/sender/shapes.ts:1 imports tests/support/sample.ts: forbidden",
      "tests/aggregator/main_test.ts:1 imports src/aggregator/main.ts: forbidden",
    ],
  },
  {
    name: "every import names an existing file, a built-in or a pinned package",
    check: house.resolvableImports,
    sample: {
      "deno.json": '{ "imports": { "fast-check": "npm:fast-check@4.10.2", "hono/": "npm:/hono@4.13.19/" } }',
      "src/shared/a.ts":
        'import "./b.ts"; import "node:util"; new URL("./gone.ts", import.meta.url); new URL("..", import.meta.url);',
      "src/shared/b.ts":
        'import "fast-check"; import "hono/cors";\nimport "npm:fast-check"; await import(name);',
    },
    finds: [
      "src/shared/a.ts:1 imports src/shared/gone.ts, which does not exist",
      "src/shared/b.ts:2 imports npm:fast-check, which is not pinned",
      "src/shared/b.ts:2 imports a computed name",
    ],
  },
  {
    name: "imports form no circle",
    check: noCircles,
    sample: {
      "src/a.ts": 'import "./b.ts"; import "./d.ts"; new URL("./e.ts", import.meta.url);',
      "src/b.ts": 'import type { C } from "./c.ts";',
      "src/c.ts": 'import { A } from "./a.ts";',
      "src/d.ts": "",
      "src/e.ts": 'import "./a.ts";',
    },
    finds: ["src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts is an import circle"],
  },
  {
    name: "the aggregator has no dependencies",
    check: house.packageFreeAggregator,
    sample: {
      "src/aggregator/a.ts": 'import "node:util"; import "./b.ts"; import type { A } from "npm:a@1.0.0";',
      "src/shared/b.ts": 'import "fast-check";',
      "src/shared/database/d.ts": 'import "postgres";',
      "src/balancer/c.ts": 'import "postgres";',
    },
    finds: [
      "src/aggregator/a.ts:1 imports npm:a@1.0.0",
      "src/shared/b.ts:1 imports fast-check",
    ],
  },
  {
    name: "pure files use no clock, no timer and no I/O",
    check: house.pureFiles,
    sample: {
      "src/aggregator/aggregate/partial.ts": "/** Not Deno. */ export const a = 'Date' + b.performance;",
      "src/aggregator/write/record.ts": 'import type { S } from "./sink.ts"; import { c } from "./clock.ts";',
      "src/aggregator/write/clock.ts": "export const c =\n  `${Date.now()}`;",
      "src/aggregator/write/sink.ts": "export type S = string; Deno.openSync('x');",
      "src/aggregator/aggregate/windows.ts":
        'import { e } from "node:fs"; setTimeout(e); const f: Deno.Addr = g;',
      "src/balancer/redirect/target.ts": "performance.now();",
    },
    finds: [
      "src/aggregator/aggregate/windows.ts:1 uses setTimeout",
      "src/aggregator/aggregate/windows.ts:1 uses Deno",
      "src/aggregator/aggregate/windows.ts is pure, but loads node:fs",
      "src/aggregator/write/clock.ts:2, loaded by src/aggregator/write/record.ts, uses Date",
      "src/balancer/redirect/target.ts:1 uses performance",
    ],
  },
  {
    name: "every file in the list of pure files exists",
    check: house.pureFilesExist,
    sample: Object.fromEntries(
      house.PURE.filter((file) => file !== "src/aggregator/aggregate/windows.ts").map((file) => [file, ""]),
    ),
    finds: ["src/aggregator/aggregate/windows.ts is in the list PURE"],
  },
  {
    name: "only libc.ts opens a library",
    check: house.oneDlopen,
    sample: {
      "src/shared/libc.ts": "Deno.dlopen(path, symbols);",
      "src/aggregator/a.ts": "// Deno.dlopen\nconst { dlopen } = Deno;",
      "tests/a_test.ts": 'assert.throws(() => Deno.dlopen("libc.so.6", {}));',
    },
    finds: ["src/aggregator/a.ts:2 opens a library"],
  },
  {
    name: "a source file has at most 300 lines",
    check: house.shortFiles,
    sample: {
      "src/a.ts": "a\n".repeat(300),
      "src/b.ts": "b\n".repeat(301),
      "src/README.md": "d\n".repeat(400),
      "tests/c.ts": "c\n".repeat(400),
    },
    finds: ["src/b.ts has 301 lines"],
  },
  {
    name: "README.md has at most 150 lines and 9 KiB",
    check: house.shortFirstPage,
    sample: { "README.md": "a\n".repeat(151) },
    finds: ["README.md has 151 lines and 302 bytes"],
  },
  {
    name: "the root folder holds only known files and folders",
    check: house.topLevel,
    sample: {
      "src/a.ts": "",
      "Dockerfile": "",
      ".ci/run": "",
      "docs/a.md": "",
      "docs/b.md": "",
      "notes.md": "",
    },
    finds: ["docs lies in the root folder", "notes.md lies"],
  },
  {
    name: "the index of the test helpers lists every helper once",
    check: supportIndex,
    sample: {
      "tests/support/README.md":
        "| [a.ts](disk/a.ts) | x | y |\n| [b.ts](disk/b.ts) | x | y |\n| [a.ts](disk/a.ts) | x | y |",
      "tests/support/disk/a.ts": "",
      "tests/support/c.ts": "",
      "tests/d.ts": "",
    },
    finds: [
      "tests/support/c.ts is not listed",
      "tests/support/README.md lists tests/support/disk/b.ts, which",
      "tests/support/README.md lists tests/support/disk/a.ts twice",
    ],
  },
  {
    name: "packages are pinned to an exact version, the same in every deno.json",
    check: configurations.pinnedPackages,
    sample: {
      "src/balancer/deno.json":
        '{ "imports": { "a": "npm:a@1.2.3-x.1", "a/": "npm:/a@1.2.3/", "b": "npm:@b/c@^1.2.3", "d": "npm:d" } }',
      "tests/deno.json": '{ "imports": { "a": "npm:a@1.2.4", "a/": "npm:/a@1.2.3/" } }',
      "tests/players/deno.json": '{ "imports": { "e": "npm:e" } }',
    },
    finds: [
      'src/balancer/deno.json: "a" is npm:a@1.2.3-x.1, but npm:a@1.2.4 in',
      'src/balancer/deno.json: "b" is npm:@b/c@^1.2.3, not an exact version',
      'src/balancer/deno.json: "d" is npm:d, not an exact version',
    ],
  },
  {
    name: "the balancer's deno.json pins the packages of the shared code that it loads",
    check: configurations.pinnedForBalancer,
    sample: {
      "src/balancer/deno.json": '{ "imports": { "a/": "npm:/a@1.2.3/" } }',
      "src/shared/database/deno.json": '{ "imports": { "a/b": "npm:a@1.2.3", "c": "npm:c@1.2.3" } }',
    },
    finds: ['src/balancer/deno.json lacks "c"'],
  },
  {
    name: "the root deno.json names no packages, so that no task downloads packages it does not need",
    check: configurations.packageFreeStart,
    sample: {
      "deno.json": '{ "imports": { "a": "npm:a@1.2.3" }, "lock": { "path": "deno.lock" } }',
    },
    finds: ['deno.json names the package "a"', "deno.json has a lock file"],
  },
  {
    name: "every deno.json has the same options",
    check: configurations.sameOptions,
    sample: {
      "deno.json": '{ "unstable": ["net"], "compilerOptions": { "strict": true } }',
      "src/balancer/deno.json": '{ "unstable": ["net"], "compilerOptions": { "strict": true } }',
      "tests/deno.json": '{ "unstable": ["net"] }',
    },
    finds: ["tests/deno.json differs"],
  },
  {
    name: "lock files are frozen and name the same versions",
    check: configurations.sameVersions,
    sample: {
      "deno.lock": '{ "npm": { "a@1.2.3": {} } }',
      "src/balancer/deno.json": '{ "lock": { "path": "deno.lock", "frozen": false } }',
      "src/balancer/deno.lock": '{ "npm": { "a@1.2.3": {}, "b@1.2.3": {} } }',
    },
    finds: [
      "src/balancer/deno.json has a lock file",
      "src/balancer/deno.lock has b@1.2.3",
    ],
  },
  {
    name: "every task has a description",
    check: commands.describedTasks,
    sample: {
      "deno.json": '{ "tasks": { "a": "x", "b": { "command": "x" }, "c": { "description": "C" } } }',
    },
    finds: ['deno.json: the task "a"', 'deno.json: the task "b"'],
  },
  {
    name: "tasks that need no packages run with --no-npm",
    check: commands.tasksWithoutPackages,
    sample: {
      "deno.json":
        '{ "tasks": { "a": "deno run --no-npm x src/sender/main.ts", "b": "deno run src/aggregator/main.ts" } }',
    },
    finds: ['deno.json: the task "b" runs a program that needs no packages'],
  },
  {
    name: "no command grants all permissions",
    check: commands.namedPermissions,
    sample: {
      "README.md": `\ndeno run ${ALL} a.ts, deno test ${SHORT_ALL} or -R${"A"} b.ts`,
      "a.sh": "deno run --allow-read -R a-A.ts sha512-A",
    },
    finds: [
      `README.md:2 grants all permissions with ${ALL}`,
      `README.md:2 grants all permissions with ${SHORT_ALL}`,
      `README.md:2 grants all permissions with -R${"A"}`,
    ],
  },
  {
    name: "Deno never prompts for a permission",
    check: commands.neverPrompts,
    sample: {
      "deno.json":
        '{ "tasks": { "a": "deno fmt && deno test", "b": { "command": "deno run --no-prompt a.ts" } } }',
      "Dockerfile": '# deno run a.ts\nENTRYPOINT [ \\\n  "/bin/deno", "run", \\\n  "--frozen", "a.ts"]',
      "README.md": "Use a `deno run` of your own: `deno run -R a.ts`, `deno bench --no-prompt b.ts`.",
      ".ci/run": "deno install\ndeno test a_test.ts\ndeno test \\\n  --no-prompt b_test.ts",
    },
    finds: [
      'deno.json: "deno test"',
      'Dockerfile: "deno, run',
      '.ci/run: "deno test a_',
      'README.md: "deno run -R a',
    ],
  },
  {
    name: "--allow-ffi grants only the C library",
    check: commands.onlyLibc,
    sample: {
      "src/shared/libc.ts": '["/lib64/libc.so.6", "/usr/lib/libc.so.6"]',
      "deno.json": '{ "tasks": { "a": "deno run --allow-ffi=/lib64/libc.so.6,/usr/lib/libc.so.6 a.ts" } }',
      "Dockerfile": '"--allow-ffi=/lib64/libc.so.6,/lib64/libm.so.6", "a"',
      "README.md": "`--allow-ffi`",
    },
    finds: [
      "Dockerfile: --allow-ffi=/lib64/libm.so.6 is not",
      "README.md: --allow-ffi= is not",
    ],
  },
];

const assertNone = (findings: string[]): void => assert.equal(findings.length, 0, `\n${findings.join("\n")}`);

for (const { name, check, sample, finds } of RULES) {
  Deno.test({
    name: `house rule: ${name}`,
    permissions: { read: ["."] },
    fn: async () => assertNone(check(await readProject())),
  });
  Deno.test({
    name: `house rule: finds a sample that breaks "${name}"`,
    permissions: "none",
    fn() {
      const findings = check(new Map(Object.entries(sample)));
      assert.deepEqual(
        findings.map((finding, at) => finding.slice(0, finds[at]?.length)),
        finds,
      );
    },
  });
}

Deno.test({
  name: "house rule: every source file has a test file",
  permissions: { read: ["."] },
  fn: async () => assertNone(house.mirroredTests(await readProject())),
});

Deno.test({
  name: "house rule: finds a source file without a test file, and an exception that is no longer needed",
  permissions: "none",
  fn() {
    const files = [
      "src/a.ts",
      "src/b.ts",
      "src/c.ts",
      "src/d.ts",
      "src/e.ts",
      "tests/a_test.ts",
      "tests/b_test.ts",
    ];
    const elsewhere = {
      "src/b.ts": "tests/a_test.ts",
      "src/c.ts": "tests/a_test.ts",
      "src/d.ts": "tests/no_test.ts",
      "src/f.ts": "tests/a_test.ts",
    };
    assert.deepEqual(
      house.mirroredTests(new Map(files.map((file) => [file, ""])), elsewhere),
      [
        "tests/b_test.ts exists; remove src/b.ts from TESTED_ELSEWHERE",
        "tests/no_test.ts should test src/d.ts, but does not exist; write tests/d_test.ts",
        "src/e.ts has no tests/e_test.ts; write it, or add the test that covers it to TESTED_ELSEWHERE",
        "src/f.ts does not exist; remove it from TESTED_ELSEWHERE",
      ],
    );
  },
});
