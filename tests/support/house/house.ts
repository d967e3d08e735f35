/**
 * The rules of the house: where code lives, and what it may reach. Each is a pure function of the tree, so that
 * `house_test.ts` can show it a tree that breaks it.
 *
 * @module
 */
import { configurationOf, isPinned } from "./configurations.ts";
import { codeOf, lineAt } from "./imports.ts";
import { type Check, importsOfTree, loadedBy, type Tree } from "./tree.ts";

interface Layer {
  /** As in the house's table. */
  row: string;
  who: RegExp;
  never: RegExp;
  instead: string;
  /** Only the file's own imports count, not what those load in turn. */
  direct?: boolean;
}

const DATABASE_DRIVER = /^(npm:|jsr:)?(@?postgres|pg|@electric-sql\/|drizzle-orm|kysely)/;

/**
 * Who never imports what. An `import type` counts here, although it loads nothing: it makes the file depend on the
 * other's shape all the same, and loses its `type` in somebody's hurry.
 */
const LAYERS: readonly Layer[] = [
  {
    row: "src/aggregator never imports another service",
    who: /^src\/aggregator\//,
    never: /^src\/(balancer|shipper|fleet)\//,
    instead: "move what both need to src/shared/",
  },
  {
    row: "src/balancer never imports another service",
    who: /^src\/balancer\//,
    never: /^src\/(aggregator|shipper|fleet)\//,
    instead: "move what both need to src/shared/",
  },
  {
    row: "src/shipper and src/fleet never import another service",
    who: /^src\/(shipper|fleet)\//,
    never: /^src\/(aggregator|balancer)\//,
    instead: "move what both need to src/shared/",
  },
  {
    row: "the aggregator, the sender and what else is shared never import the database",
    who: /^src\/(aggregator|sender|shared\/(?!database\/))/,
    never: /^src\/shared\/database\//,
    instead: "have the balancer or the shipper do it",
  },
  {
    row: "src/shared never imports a service",
    who: /^src\/shared\//,
    never: /^src\/(aggregator|balancer|shipper|fleet)\//,
    instead: "move it to src/shared/, or this file to the service",
  },
  {
    row: "nothing imports a main.ts or a worker.ts",
    // A worker of the tests may wrap the real one: it is reached by URL, too.
    who: /^(?!tests\/(support|aggregator)\/\w+\/\w+_worker\.ts$)/,
    never: /(^|\/)(main|worker)\.ts$/,
    instead:
      'reach a worker by new URL("./worker.ts", import.meta.url), or move what is shared to a file of its own',
    direct: true,
  },
  {
    row: "worker, receive and parse never import write, windows, timeline or master",
    who: /^src\/aggregator\/(worker\.ts$|receive\/|parse\/)/,
    never: /^src\/aggregator\/(write\/|aggregate\/(windows|timeline)\.ts$|master\.ts$)/,
    instead: "move what both threads need to worker_protocol.ts or aggregate/partial.ts",
  },
  {
    row: "the aggregator's admin thread never imports what opens or keeps files, sockets or libraries",
    who: /^src\/aggregator\/admin\/(?!thread\.ts$)/,
    never: /^src\/aggregator\/((receive|write)\/|(master|worker_pool|config)\.ts$)|^src\/shared\/libc\.ts$/,
    instead: "have the master do it, and tell the result by a number in report.ts",
  },
  {
    row: "the aggregator's master never imports parse",
    who: /^src\/aggregator\/master\.ts$/,
    never: /^src\/aggregator\/parse\//,
    instead: "move the reading of bytes to the worker",
  },
  {
    row: "redirect, choose and counts never import store, admin or a database driver",
    who: /^src\/balancer\/(redirect|choose|counts)\//,
    never: new RegExp(
      String.raw`^src\/balancer\/(store|admin)\/|${DATABASE_DRIVER.source}`,
    ),
    instead: "move what they need to choose/routing.ts",
  },
  {
    row: "what reads strangers' bytes never imports the store, the admin API or what starts a service",
    who: /^src\/(shared\/http\/|balancer\/(worker\.ts$|front\/(?!certificate)))/,
    never: new RegExp(
      String
        .raw`^src\/balancer\/(store|admin)\/|^src\/balancer\/((master|config)\.ts$|front\/certificate)|` +
        DATABASE_DRIVER.source,
    ),
    instead: "have the master do it, and post the result",
  },
  {
    row: "only src/shared/database imports a database driver",
    who: /^src\/(?!shared\/database\/)/,
    never: DATABASE_DRIVER,
    instead: "ask for it through Sql",
    direct: true,
  },
  {
    row: "the prober never imports the aggregator, nor the balancer's store or admin API",
    who: /^src\/(prober|balancer\/health)\//,
    never: new RegExp(
      String
        .raw`^src\/(aggregator|balancer\/(store|admin))\/|${DATABASE_DRIVER.source}`,
    ),
    instead: "ask the balancer over its API",
  },
  {
    row: "src never imports tests",
    who: /^src\//,
    never: /^tests\//,
    instead: "move it to src/",
  },
];

/** The table of who never imports what. */
export const layering: Check = (tree) =>
  [...importsOfTree(tree).values()].flat().flatMap((found) => {
    const { file, line, target, typeOnly, kind } = found;
    if (kind === "url") return [];
    return LAYERS.filter(({ who }) => who.test(file)).flatMap(
      ({ row, never, instead, direct }) => {
        const reached = direct || typeOnly ? [target] : [...loadedBy(tree, target)];
        const forbidden = reached.find((path) => never.test(path));
        if (forbidden === undefined) return [];
        const through = forbidden === target ? "" : `, and with it ${forbidden}`;
        return [
          `${file}:${line} imports ${target}${through}, which the rule "${row}" forbids; ${instead}`,
        ];
      },
    );
  });

/** Every import can be read, leads to a file that exists, and names packages as deno.json pins them. */
export const resolvableImports: Check = (tree) => {
  return [...importsOfTree(tree).values()].flat().flatMap(
    ({ file, line, specifier, target, kind }) => {
      // A URL may also name a directory or a file to read.
      if (kind === "url" && !target.endsWith(".ts")) return [];
      const at = `${file}:${line}`;
      if (specifier === null) {
        return [
          `${at} imports a computed name; write it out, so that the rules can see it`,
        ];
      }
      if (/^\.\.?\//.test(specifier)) {
        return tree.has(target) ? [] : [`${at} imports ${target}, which does not exist; correct the path`];
      }
      const known = specifier.startsWith("node:") ||
        isPinned(configurationOf(tree, file), specifier);
      return known ? [] : [
        `${at} imports ${specifier}; pin it under "imports" in the deno.json of its part and import that name`,
      ];
    },
  );
};

/** The aggregator runs on what Deno has built in: no package is loaded with it. */
export const packageFreeAggregator: Check = (tree) =>
  [...importsOfTree(tree).values()].flat()
    .filter(({ file, specifier }) =>
      /^src\/(aggregator|shared\/(?!database\/))/.test(file) &&
      /^(?!\.|node:)/.test(specifier ?? ".")
    )
    .map(({ file, line, specifier }) =>
      `${file}:${line} imports ${specifier}, and the aggregator has no dependencies; use a node: built-in`
    );

/** The files whose results depend on their arguments alone. */
export const PURE = [
  ...["scanner", "fast_path", "json", "members", "integer"].map((name) => `src/aggregator/parse/${name}.ts`),
  ...["partial", "windows"].map((name) => `src/aggregator/aggregate/${name}.ts`),
  ...["record", "checkpoint_slots"].map((name) => `src/aggregator/write/${name}.ts`),
  ...["facts", "health", "metrics", "report", "rings"].map((name) => `src/aggregator/admin/${name}.ts`),
  "src/aggregator/receive/sampler.ts",
  ...["exposition", "buckets"].map((name) => `src/shared/metrics/${name}.ts`),
  ...["target", "explain", "refusals", "steering"].map((name) => `src/balancer/redirect/${name}.ts`),
  ...["routing", "choice", "rate_cap", "rendezvous", "shares", "turn_order"]
    .map((name) => `src/balancer/choose/${name}.ts`),
  ...["recent", "tally", "totals", "work"].map((name) => `src/balancer/counts/${name}.ts`),
  ...["checks", "presence", "verdict"].map((name) => `src/balancer/health/${name}.ts`),
  ...["head", "latin1", "places", "refusals", "status"].map((name) => `src/shared/http/${name}.ts`),
  ...["fingerprint", "functions", "lines", "names", "position"].map((name) => `src/shipper/${name}.ts`),
];

const IMPURE =
  /(?<![.\w$])(Deno|Date|Temporal|performance|set(?:Timeout|Interval|Immediate)|console|fetch|process|globalThis)\b(?!\s*\??:)/g;

/** The pure files, and all they load, know no clock, no timer and no I/O. */
export const pureFiles: Check = (tree) =>
  PURE.filter((file) => tree.has(file)).flatMap((pure) =>
    [...loadedBy(tree, pure)].flatMap((file) => {
      const text = tree.get(file);
      // Bytes as text, and nothing that leaves the process.
      if (file === "node:buffer") return [];
      if (text === undefined) {
        return [
          `${pure} loads ${file}, but is pure; move what needs it to the caller`,
        ];
      }
      const origin = file === pure ? "" : `${pure} loads `;
      return [...codeOf(text).matchAll(IMPURE)].map(({ index, 1: word }) =>
        `${origin}${file}:${
          lineAt(text, index)
        }, which uses ${word}, but is pure; let the caller do it and pass the result`
      );
    })
  );

/** A rule about a file that was renamed away would hold for ever. */
export const pureFilesExist: Check = (tree) =>
  PURE.filter((file) => !tree.has(file))
    .map((file) =>
      `${file} is named by the rules but does not exist; rename it in tests/support/house/house.ts too`
    );

const LIBC = "src/shared/libc.ts";

/** One file opens a library, so that one review shows all that native code may do. */
export const oneDlopen: Check = (tree) =>
  [...tree].filter(([file]) => file.startsWith("src/") && file !== LIBC)
    .flatMap(([file, text]) =>
      [...codeOf(text).matchAll(/\bdlopen\b/g)].map(({ index }) =>
        `${file}:${lineAt(text, index)} opens a library; only ${LIBC} may: call openLibc`
      )
    );

/** Sources stay short enough to be read at one sitting. */
export const shortFiles: Check = (tree) =>
  [...tree].filter(([file]) => file.startsWith("src/") && !file.endsWith(".md"))
    .flatMap(([file, text]) => {
      const lines = text.replace(/\n$/, "").split("\n").length;
      return lines <= 300 ? [] : [
        `${file} has ${lines} lines, and 300 is the limit; move a part of it to its own file`,
      ];
    });

/** A newcomer reads the first page to its end; all that is longer belongs into a manual. */
export const shortFirstPage: Check = (tree) => {
  const text = tree.get("README.md") ?? "";
  const [lines, bytes] = [
    text.split("\n").length - 1,
    new TextEncoder().encode(text).length,
  ];
  return lines <= 150 && bytes <= 9 * 1024 ? [] : [
    `README.md has ${lines} lines and ${bytes} bytes, and 150 and 9216 are the limits; move a part to a manual`,
  ];
};

const TOP_LEVEL =
  /^(src|tests|deno\.json|deno\.lock|Dockerfile|README\.md|docker-compose\.yml|LICENSE|\..+)$/;

/** The top level can be taken in at a glance. */
export const topLevel: Check = (tree) =>
  [...new Set([...tree.keys()].map((path) => path.split("/")[0]!))]
    .filter((name) => !TOP_LEVEL.test(name))
    .map((name) => `${name} lies at the top level; move it to src/ or tests/`);

/** Sources without a test file of their own, and the file that tests them instead. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  // An entry point: it runs only inside a service.
  "src/aggregator/worker.ts": "tests/aggregator/main_test.ts",
  // What it withholds from a worker is what those tests look for.
  "src/balancer/spawn.ts": "tests/balancer/permissions_test.ts",
  "src/shared/worker_thread.ts": "tests/aggregator/permissions_test.ts",
  "src/aggregator/spawn.ts": "tests/aggregator/permissions_test.ts",
  // What the two threads say to each other; and the thread itself, which is reached by URL only.
  "src/aggregator/admin/messages.ts": "tests/aggregator/admin/thread_test.ts",
  "src/aggregator/admin/worker.ts": "tests/aggregator/admin/thread_test.ts",
  // Programs of two lines: they are run there, as the images do.
  "src/aggregator/healthcheck.ts": "tests/shared/healthcheck_test.ts",
  "src/balancer/healthcheck.ts": "tests/shared/healthcheck_test.ts",
  "src/shipper/healthcheck.ts": "tests/shared/healthcheck_test.ts",
  // Exit codes, and the one line of an error, of a program that is run there.
  "src/shared/program.ts": "tests/sender/main_test.ts",
  // Types alone; both receivers work behind them there.
  "src/aggregator/receive/receiver.ts": "tests/aggregator/main_test.ts",
  // Reached through the flags that have these values, each with what it accepts and refuses.
  "src/aggregator/config_values.ts": "tests/aggregator/config_test.ts",
  // Through a sink that is opened on the files that there are.
  "src/aggregator/write/last_timestamp.ts": "tests/aggregator/write/sink_test.ts",
  // Numbers as the scanner meets them: the tables and the properties are there.
  "src/aggregator/parse/integer.ts": "tests/aggregator/parse/json_test.ts",
  // Two names.
  "src/shared/database/errors.ts": "tests/shared/database/sql_test.ts",
  // It opens either database, as the store does.
  "src/shared/database/open.ts": "tests/balancer/store/open_store_test.ts",
  // The interface: both implementations are tested as one.
  "src/balancer/store/store.ts": "tests/balancer/store/repository_test.ts",
  // Run on both databases with steps of its own there.
  "src/shared/database/migration.ts": "tests/balancer/store/migrations_test.ts",
  // SQL: each function is called there.
  "src/shipper/functions.ts": "tests/shipper/destination_test.ts",
  // It is asked there, by the program that prints what it says.
  "src/fleet/query.ts": "tests/fleet/main_test.ts",
  // Types, and what a worker is told: seen through a worker.
  "src/balancer/worker_protocol.ts": "tests/balancer/worker_test.ts",
  "src/balancer/master_parts.ts": "tests/balancer/master_test.ts",
  // Types, and the rules of the settings together: the tables and the properties are there.
  "src/balancer/routes/route_rules.ts": "tests/balancer/routes/route_settings_test.ts",
  "src/balancer/routes/route_options.ts": "tests/balancer/routes/route_option_rules_test.ts",
  "src/balancer/choose/availability.ts": "tests/balancer/choose/choice_test.ts",
  "src/balancer/choose/reasons.ts": "tests/balancer/choose/choice_test.ts",
  "src/balancer/counts/redirect_totals.ts": "tests/balancer/counts/tally_test.ts",
  // Descriptions, and the shapes of bodies: seen through the calls that they are of.
  "src/balancer/admin/destination_operations.ts": "tests/balancer/admin/destinations_test.ts",
  "src/balancer/admin/destination_schemas.ts": "tests/balancer/admin/destinations_test.ts",
  // One part of the flags.
  "src/balancer/connection_flags.ts": "tests/balancer/config_test.ts",
  // Abstract: it is tested as the two kinds that there are, the other one in exchange_test.ts.
  "src/shared/http/connection.ts": "tests/shared/http/pipeline_test.ts",
  // A type, and a setting that the simulated clients have.
  "src/shared/http/stream.ts": "tests/shared/http/exchange_test.ts",
};

/** Each source has its test, at the same place under tests/. */
export function mirroredTests(
  tree: Tree,
  elsewhere = TESTED_ELSEWHERE,
): string[] {
  const missing = [...tree.keys()].filter((file) => /^src\/.*\.ts$/.test(file))
    .flatMap((file) => {
      const test = file.replace(/^src\//, "tests/").replace(
        /\.ts$/,
        "_test.ts",
      );
      const other = elsewhere[file];
      if (other === undefined) {
        return tree.has(test) ? [] : [
          `${file} has no ${test}; write it, or name the test that covers it instead`,
        ];
      }
      if (tree.has(test)) {
        return [`${test} exists; remove ${file} from the exceptions`];
      }
      return tree.has(other) ? [] : [`${other}, said to test ${file}, does not exist; write ${test}`];
    });
  const gone = Object.keys(elsewhere).filter((file) => !tree.has(file));
  return [
    ...missing,
    ...gone.map((file) => `${file} does not exist; remove it from the exceptions`),
  ];
}
