/**
 * Keeps the rules of the house true. Every rule is checked twice: on the project as it is, and on a small tree that
 * breaks it, so that a rule which can no longer fail is noticed.
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

/** What lies in the project's directory without being part of it, as in .gitignore. */
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

/** The flag that may not be written down, here either. */
const ALL = "--allow" + "-all";
const SHORT_ALL = "-" + "A";

interface Rule {
  name: string;
  check: Check;
  /** A tree that breaks the rule, beside what only seems to. */
  sample: Record<string, string>;
  /** What the check must say of it: the beginnings of its findings. */
  finds: string[];
}

const RULES: readonly Rule[] = [
  {
    name: "files import only what their place allows",
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
      "src/aggregator/config.ts:1 imports src/balancer/config.ts, which",
      "src/aggregator/master.ts:2 imports src/aggregator/parse/scanner.ts, which",
      "src/aggregator/receive/datagram.ts:1 imports src/aggregator/helper.ts, and with it src/aggregator/write/sink.ts",
      "src/aggregator/admin/health.ts:1 imports src/aggregator/write/sink.ts, which",
      "src/aggregator/parse/scanner.ts:1 imports src/aggregator/aggregate/windows.ts, which",
      "src/aggregator/worker.ts:2 imports src/aggregator/write/record.ts, which",
      "src/balancer/redirect/redirector.ts:1 imports src/balancer/store/read.ts, which",
      "src/balancer/redirect/target.ts:1 imports src/aggregator/write/record.ts, which",
      "src/balancer/admin/routes.ts:1 imports @electric-sql/pglite, which",
      "src/balancer/store/read.ts:2 imports postgres, which",
      "src/prober/remote_prober.ts:1 imports src/balancer/store/read.ts, which",
      "src/shared/flags/duration.ts:1 imports src/shared/database/sql.ts, which",
      "src/shared/log.ts:1 imports src/sender/shapes.ts, and with it tests/support/sample.ts",
      "src/shared/log.ts:2 imports src/balancer/choose/routing.ts, which",
      "src/shipper/names.ts:1 imports src/aggregator/write/record.ts, which",
      "src/sender/shapes.ts:1 imports tests/support/sample.ts, which",
      "tests/aggregator/main_test.ts:1 imports src/aggregator/main.ts, which",
    ],
  },
  {
    name: "imports lead to a file, a built-in or a pinned package",
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
      "src/shared/b.ts:2 imports npm:fast-check; pin",
      "src/shared/b.ts:2 imports a computed name",
    ],
  },
  {
    name: "imports make no circle",
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
    name: "pure files know no clock, no timer and no I/O",
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
      "src/aggregator/aggregate/windows.ts:1, which uses setTimeout",
      "src/aggregator/aggregate/windows.ts:1, which uses Deno",
      "src/aggregator/aggregate/windows.ts loads node:fs",
      "src/aggregator/write/record.ts loads src/aggregator/write/clock.ts:2, which uses Date",
      "src/balancer/redirect/target.ts:1, which uses performance",
    ],
  },
  {
    name: "the pure files that the rules name exist",
    check: house.pureFilesExist,
    sample: Object.fromEntries(
      house.PURE.filter((file) => file !== "src/aggregator/aggregate/windows.ts").map((file) => [file, ""]),
    ),
    finds: ["src/aggregator/aggregate/windows.ts is named"],
  },
  {
    name: "one file opens a library",
    check: house.oneDlopen,
    sample: {
      "src/shared/libc.ts": "Deno.dlopen(path, symbols);",
      "src/aggregator/a.ts": "// Deno.dlopen\nconst { dlopen } = Deno;",
      "tests/a_test.ts": 'assert.throws(() => Deno.dlopen("libc.so.6", {}));',
    },
    finds: ["src/aggregator/a.ts:2 opens a library"],
  },
  {
    name: "no source is past 300 lines",
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
    name: "the first page is short",
    check: house.shortFirstPage,
    sample: { "README.md": "a\n".repeat(151) },
    finds: ["README.md has 151 lines and 302 bytes"],
  },
  {
    name: "the top level holds nothing new",
    check: house.topLevel,
    sample: {
      "src/a.ts": "",
      "Dockerfile": "",
      ".ci/run": "",
      "docs/a.md": "",
      "docs/b.md": "",
      "notes.md": "",
    },
    finds: ["docs lies", "notes.md lies"],
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
    name: "packages are pinned, to the same version everywhere",
    check: configurations.pinnedPackages,
    sample: {
      "src/balancer/deno.json":
        '{ "imports": { "a": "npm:a@1.2.3-x.1", "a/": "npm:/a@1.2.3/", "b": "npm:@b/c@^1.2.3", "d": "npm:d" } }',
      "tests/deno.json": '{ "imports": { "a": "npm:a@1.2.4", "a/": "npm:/a@1.2.3/" } }',
      "tests/players/deno.json": '{ "imports": { "e": "npm:e" } }',
    },
    finds: [
      'src/balancer/deno.json: "a" is npm:a@1.2.3-x.1, but npm:a@1.2.4 in',
      'src/balancer/deno.json: "b" is',
      'src/balancer/deno.json: "d" is',
    ],
  },
  {
    name: "the balancer has the packages of what it loads",
    check: configurations.pinnedForBalancer,
    sample: {
      "src/balancer/deno.json": '{ "imports": { "a/": "npm:/a@1.2.3/" } }',
      "src/shared/database/deno.json": '{ "imports": { "a/b": "npm:a@1.2.3", "c": "npm:c@1.2.3" } }',
    },
    finds: ['src/balancer/deno.json lacks "c"'],
  },
  {
    name: "a task that needs no package downloads none",
    check: configurations.packageFreeStart,
    sample: {
      "deno.json": '{ "imports": { "a": "npm:a@1.2.3" }, "lock": { "path": "deno.lock" } }',
    },
    finds: ['deno.json names the package "a"', "deno.json has a lock file"],
  },
  {
    name: "every part has the same options",
    check: configurations.sameOptions,
    sample: {
      "deno.json": '{ "unstable": ["net"], "compilerOptions": { "strict": true } }',
      "src/balancer/deno.json": '{ "unstable": ["net"], "compilerOptions": { "strict": true } }',
      "tests/deno.json": '{ "unstable": ["net"] }',
    },
    finds: ["tests/deno.json differs"],
  },
  {
    name: "lock files are frozen and agree",
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
    name: "tasks are described",
    check: commands.describedTasks,
    sample: {
      "deno.json": '{ "tasks": { "a": "x", "b": { "command": "x" }, "c": { "description": "C" } } }',
    },
    finds: ['deno.json: the task "a"', 'deno.json: the task "b"'],
  },
  {
    name: "what needs no package fetches none",
    check: commands.tasksWithoutPackages,
    sample: {
      "deno.json":
        '{ "tasks": { "a": "deno run --no-npm x src/sender/main.ts", "b": "deno run src/aggregator/main.ts" } }',
    },
    finds: ['deno.json: the task "b" runs what'],
  },
  {
    name: "permissions are named one by one",
    check: commands.namedPermissions,
    sample: {
      "README.md": `\ndeno run ${ALL} a.ts, deno test ${SHORT_ALL} or -R${"A"} b.ts`,
      "a.sh": "deno run --allow-read -R a-A.ts sha512-A",
    },
    finds: [
      `README.md:2 says ${ALL}`,
      `README.md:2 says ${SHORT_ALL}`,
      `README.md:2 says -R${"A"}`,
    ],
  },
  {
    name: "Deno never prompts",
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
    name: "--allow-ffi grants the C library alone",
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
    name: `house: ${name}`,
    permissions: { read: ["."] },
    fn: async () => assertNone(check(await readProject())),
  });
  Deno.test({
    name: `house: a tree that breaks "${name}" is found out`,
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
  name: "house: every source has its test",
  permissions: { read: ["."] },
  fn: async () => assertNone(house.mirroredTests(await readProject())),
});

Deno.test({
  name: "house: a source without its test is found out, and so is an exception that no longer is one",
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
        "tests/b_test.ts exists; remove src/b.ts from the exceptions",
        "tests/no_test.ts, said to test src/d.ts, does not exist; write tests/d_test.ts",
        "src/e.ts has no tests/e_test.ts; write it, or name the test that covers it instead",
        "src/f.ts does not exist; remove it from the exceptions",
      ],
    );
  },
});
