/**
 * The rules for where code lives and what it may import. Each rule is a pure function of the tree of files,
 * so that `house_test.ts` can run it on a small tree that breaks it.
 *
 * @module
 */
import { configurationOf, isPinned } from "./configurations.ts";
import { codeOf, lineAt } from "./imports.ts";
import { type Check, importsOfTree, loadedBy, type Tree } from "./tree.ts";

/** A rule about imports: files that match `importers` never load files or packages that match `forbidden`. */
interface Layer {
  /** The rule in words, for the finding. */
  rule: string;
  importers: RegExp;
  forbidden: RegExp;
  /** What to do instead, for the finding. */
  instead: string;
  /** Checks only the file's own imports, not the files that they load in turn. */
  direct?: boolean;
}

const DATABASE_DRIVER = /^(npm:|jsr:)?(@?postgres|pg|@electric-sql\/|drizzle-orm|kysely)/;

/**
 * Which files never import which. An `import type` counts too: it loads nothing, but the file still depends
 * on the types of the other file, and somebody may later remove the word `type`.
 */
const LAYERS: readonly Layer[] = [
  {
    rule: "src/aggregator never imports another service",
    importers: /^src\/aggregator\//,
    forbidden: /^src\/(balancer|shipper|fleet)\//,
    instead: "move what both need to src/shared/",
  },
  {
    rule: "src/balancer never imports another service",
    importers: /^src\/balancer\//,
    forbidden: /^src\/(aggregator|shipper|fleet)\//,
    instead: "move what both need to src/shared/",
  },
  {
    rule: "src/shipper and src/fleet never import another service",
    importers: /^src\/(shipper|fleet)\//,
    forbidden: /^src\/(aggregator|balancer)\//,
    instead: "move what both need to src/shared/",
  },
  {
    rule: "the aggregator, the sender and the rest of src/shared never import src/shared/database",
    importers: /^src\/(aggregator|sender|shared\/(?!database\/))/,
    forbidden: /^src\/shared\/database\//,
    instead: "let the balancer or the shipper do it",
  },
  {
    rule: "src/shared never imports a service",
    importers: /^src\/shared\//,
    forbidden: /^src\/(aggregator|balancer|shipper|fleet)\//,
    instead: "move it to src/shared/, or this file to the service",
  },
  {
    rule: "nothing imports a main.ts or a worker.ts",
    // A worker of the tests may import the real worker: both are entry points, started by URL.
    importers: /^(?!tests\/(support|aggregator)\/\w+\/\w+_worker\.ts$)/,
    forbidden: /(^|\/)(main|worker)\.ts$/,
    instead: 'start a worker by new URL("./worker.ts", import.meta.url), or move shared code to its own file',
    direct: true,
  },
  {
    rule:
      "the aggregator's worker.ts, receive/ and parse/ never import write/, windows.ts, timeline.ts or master.ts",
    importers: /^src\/aggregator\/(worker\.ts$|receive\/|parse\/)/,
    forbidden: /^src\/aggregator\/(write\/|aggregate\/(windows|timeline)\.ts$|master\.ts$)/,
    instead: "move what both threads need to worker_protocol.ts or aggregate/partial.ts",
  },
  {
    rule: "the aggregator's admin thread never imports code that opens files, sockets or libraries",
    importers: /^src\/aggregator\/admin\/(?!thread\.ts$)/,
    forbidden:
      /^src\/aggregator\/((receive|write)\/|(master|worker_pool|config)\.ts$)|^src\/shared\/libc\.ts$/,
    instead: "let the master do it and pass the result as a number in report.ts",
  },
  {
    rule: "the aggregator's master.ts never imports parse/",
    importers: /^src\/aggregator\/master\.ts$/,
    forbidden: /^src\/aggregator\/parse\//,
    instead: "let the worker parse the bytes",
  },
  {
    rule: "the balancer's redirect/, choose/ and counts/ never import store/, admin/ or a database driver",
    importers: /^src\/balancer\/(redirect|choose|counts)\//,
    forbidden: new RegExp(
      String.raw`^src\/balancer\/(store|admin)\/|${DATABASE_DRIVER.source}`,
    ),
    instead: "move what they need to choose/routing.ts",
  },
  {
    rule:
      "code that reads clients' bytes never imports the balancer's store, its admin API or code that starts it",
    importers: /^src\/(shared\/http\/|balancer\/(worker\.ts$|front\/(?!certificate)))/,
    forbidden: new RegExp(
      String
        .raw`^src\/balancer\/(store|admin)\/|^src\/balancer\/((master|config)\.ts$|front\/certificate)|` +
        DATABASE_DRIVER.source,
    ),
    instead: "let the master do it and post the result to the worker",
  },
  {
    rule: "only src/shared/database imports a database driver",
    importers: /^src\/(?!shared\/database\/)/,
    forbidden: DATABASE_DRIVER,
    instead: "use the interface Sql of src/shared/database/sql.ts",
    direct: true,
  },
  {
    rule: "the prober never imports the aggregator, nor the balancer's store or admin API",
    importers: /^src\/(prober|balancer\/health)\//,
    forbidden: new RegExp(
      String
        .raw`^src\/(aggregator|balancer\/(store|admin))\/|${DATABASE_DRIVER.source}`,
    ),
    instead: "ask the balancer over its API",
  },
  {
    rule: "src never imports tests",
    importers: /^src\//,
    forbidden: /^tests\//,
    instead: "move it to src/",
  },
];

/** Checks {@linkcode LAYERS}. */
export const layering: Check = (tree) =>
  [...importsOfTree(tree).values()].flat().flatMap(({ file, line, target, typeOnly, kind }) => {
    if (kind === "url") return [];
    return LAYERS.filter(({ importers }) => importers.test(file)).flatMap(
      ({ rule, forbidden, instead, direct }) => {
        const reached = direct || typeOnly ? [target] : [...loadedBy(tree, target)];
        const culprit = reached.find((path) => forbidden.test(path));
        if (culprit === undefined) return [];
        const through = culprit === target ? "" : `, which loads ${culprit}`;
        return [`${file}:${line} imports ${target}${through}: forbidden by the rule "${rule}"; ${instead}`];
      },
    );
  });

/**
 * Every import is a literal that names an existing file, a `node:` built-in or a package pinned in deno.json.
 */
export const resolvableImports: Check = (tree) => {
  return [...importsOfTree(tree).values()].flat().flatMap(
    ({ file, line, specifier, target, kind }) => {
      // A URL may also name a directory or a file to read.
      if (kind === "url" && !target.endsWith(".ts")) return [];
      const at = `${file}:${line}`;
      if (specifier === null) {
        return [
          `${at} imports a computed name, which the rules can't check; write the name as a literal`,
        ];
      }
      if (/^\.\.?\//.test(specifier)) {
        return tree.has(target) ? [] : [`${at} imports ${target}, which does not exist; correct the path`];
      }
      const known = specifier.startsWith("node:") ||
        isPinned(configurationOf(tree, file), specifier);
      return known ? [] : [
        `${at} imports ${specifier}, which is not pinned; add it to "imports" in the deno.json of its part`,
      ];
    },
  );
};

/** The aggregator, and src/shared without its database folder, import no packages, only `node:` built-ins. */
export const packageFreeAggregator: Check = (tree) =>
  [...importsOfTree(tree).values()].flat()
    .filter(({ file, specifier }) =>
      /^src\/(aggregator|shared\/(?!database\/))/.test(file) &&
      /^(?!\.|node:)/.test(specifier ?? ".")
    )
    .map(({ file, line, specifier }) =>
      `${file}:${line} imports ${specifier}, but the aggregator has no dependencies; use a node: built-in`
    );

/** The pure files: the results of their functions depend only on the arguments. */
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

/** A global that makes code impure. A name after a dot or before a colon is a property, not the global. */
const IMPURE =
  /(?<![.\w$])(Deno|Date|Temporal|performance|set(?:Timeout|Interval|Immediate)|console|fetch|process|globalThis)\b(?!\s*\??:)/g;

/** The pure files, and all files they load, use no clock, no timer and no I/O. */
export const pureFiles: Check = (tree) =>
  PURE.filter((file) => tree.has(file)).flatMap((pure) =>
    [...loadedBy(tree, pure)].flatMap((file) => {
      const text = tree.get(file);
      // It converts between bytes and text, without I/O.
      if (file === "node:buffer") return [];
      if (text === undefined) {
        return [
          `${pure} is pure, but loads ${file}; move the code that needs it to the caller`,
        ];
      }
      const loader = file === pure ? "" : `, loaded by ${pure},`;
      return [...codeOf(text).matchAll(IMPURE)].map(({ index, 1: word }) =>
        `${file}:${lineAt(text, index)}${loader} uses ${word}, but is pure; let the caller pass the result`
      );
    })
  );

/** Every file of {@linkcode PURE} exists: without this rule, a renamed file would no longer be checked. */
export const pureFilesExist: Check = (tree) =>
  PURE.filter((file) => !tree.has(file))
    .map((file) =>
      `${file} is in the list PURE of tests/support/house/house.ts, but does not exist; correct the list`
    );

const LIBC = "src/shared/libc.ts";

/** Only one file opens libraries, so that a review of this file shows how native code is called. */
export const oneDlopen: Check = (tree) =>
  [...tree].filter(([file]) => file.startsWith("src/") && file !== LIBC)
    .flatMap(([file, text]) =>
      [...codeOf(text).matchAll(/\bdlopen\b/g)].map(({ index }) =>
        `${file}:${lineAt(text, index)} opens a library; only ${LIBC} may: call openLibc`
      )
    );

/** A source file has at most 300 lines, so that it can be read in one go. */
export const shortFiles: Check = (tree) =>
  [...tree].filter(([file]) => file.startsWith("src/") && !file.endsWith(".md"))
    .flatMap(([file, text]) => {
      const lines = text.replace(/\n$/, "").split("\n").length;
      return lines <= 300 ? [] : [
        `${file} has ${lines} lines; the limit is 300: move a part of it to its own file`,
      ];
    });

/**
 * README.md has at most 150 lines and 9 KiB, so that a newcomer reads all of it. Details belong in a manual.
 */
export const shortFirstPage: Check = (tree) => {
  const text = tree.get("README.md") ?? "";
  const [lines, bytes] = [
    text.split("\n").length - 1,
    new TextEncoder().encode(text).length,
  ];
  return lines <= 150 && bytes <= 9 * 1024 ? [] : [
    `README.md has ${lines} lines and ${bytes} bytes; the limits are 150 and 9216: move a part to a manual`,
  ];
};

const TOP_LEVEL =
  /^(src|tests|deno\.json|deno\.lock|Dockerfile|README\.md|docker-compose\.yml|LICENSE|\..+)$/;

/** The root folder holds only the files and folders of {@linkcode TOP_LEVEL}. */
export const topLevel: Check = (tree) =>
  [...new Set([...tree.keys()].map((path) => path.split("/")[0]!))]
    .filter((name) => !TOP_LEVEL.test(name))
    .map((name) => `${name} lies in the root folder; move it to src/ or tests/`);

/** Source files without their own test file, each with the file that tests it instead. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  // The entry point of a thread: it runs only inside the service.
  "src/aggregator/worker.ts": "tests/aggregator/main_test.ts",
  // These files start threads with few permissions. The tests try out what a thread may do.
  "src/balancer/spawn.ts": "tests/balancer/permissions_test.ts",
  "src/shared/worker_thread.ts": "tests/aggregator/permissions_test.ts",
  "src/aggregator/spawn.ts": "tests/aggregator/permissions_test.ts",
  // The messages between the two threads, and the entry point of the admin thread.
  "src/aggregator/admin/messages.ts": "tests/aggregator/admin/thread_test.ts",
  "src/aggregator/admin/worker.ts": "tests/aggregator/admin/thread_test.ts",
  // Programs of two lines: the test runs them as the images do.
  "src/aggregator/healthcheck.ts": "tests/shared/healthcheck_test.ts",
  "src/balancer/healthcheck.ts": "tests/shared/healthcheck_test.ts",
  "src/shipper/healthcheck.ts": "tests/shared/healthcheck_test.ts",
  // Exit codes and error lines of programs: the test runs a program.
  "src/shared/program.ts": "tests/sender/main_test.ts",
  // Only types. The test runs the service with both receivers.
  "src/aggregator/receive/receiver.ts": "tests/aggregator/main_test.ts",
  // Parsers of flag values. The test checks which values each flag accepts and rejects.
  "src/aggregator/config_values.ts": "tests/aggregator/config_test.ts",
  // The test opens a sink on existing files.
  "src/aggregator/write/last_timestamp.ts": "tests/aggregator/write/sink_test.ts",
  // The test covers numbers in messages, with tables and properties.
  "src/aggregator/parse/integer.ts": "tests/aggregator/parse/json_test.ts",
  // Only two classes of errors.
  "src/shared/database/errors.ts": "tests/shared/database/sql_test.ts",
  // The test opens the store on both kinds of database.
  "src/shared/database/open.ts": "tests/balancer/store/open_store_test.ts",
  // An interface. The test runs the same checks on both implementations.
  "src/balancer/store/store.ts": "tests/balancer/store/repository_test.ts",
  // The test runs migrations of its own on both kinds of database.
  "src/shared/database/migration.ts": "tests/balancer/store/migrations_test.ts",
  // SQL functions: the test calls each of them.
  "src/shipper/functions.ts": "tests/shipper/destination_test.ts",
  // The test runs the program that makes this query and prints the result.
  "src/fleet/query.ts": "tests/fleet/main_test.ts",
  // Types, and the messages to a worker: tested with a real worker and master.
  "src/balancer/worker_protocol.ts": "tests/balancer/worker_test.ts",
  "src/balancer/master_parts.ts": "tests/balancer/master_test.ts",
  // Types and small parts: the test covers them together with the code that uses them.
  "src/balancer/routes/route_rules.ts": "tests/balancer/routes/route_settings_test.ts",
  "src/balancer/routes/route_options.ts": "tests/balancer/routes/route_option_rules_test.ts",
  "src/balancer/choose/availability.ts": "tests/balancer/choose/choice_test.ts",
  "src/balancer/choose/reasons.ts": "tests/balancer/choose/choice_test.ts",
  "src/balancer/counts/redirect_totals.ts": "tests/balancer/counts/tally_test.ts",
  // Descriptions of calls and the schemas of their bodies: the test makes the calls.
  "src/balancer/admin/destination_operations.ts": "tests/balancer/admin/destinations_test.ts",
  "src/balancer/admin/destination_schemas.ts": "tests/balancer/admin/destinations_test.ts",
  // Some of the balancer's flags: tested with the others.
  "src/balancer/connection_flags.ts": "tests/balancer/config_test.ts",
  // An abstract class, tested through its two subclasses (exchange_test.ts tests the other one).
  "src/shared/http/connection.ts": "tests/shared/http/pipeline_test.ts",
  // A type, and a socket option that the simulated clients record.
  "src/shared/http/stream.ts": "tests/shared/http/exchange_test.ts",
};

/**
 * Every source file has a test file at the same path under tests/, or an entry in `elsewhere`: the path of
 * the file that tests it instead.
 */
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
          `${file} has no ${test}; write it, or add the test that covers it to TESTED_ELSEWHERE`,
        ];
      }
      if (tree.has(test)) {
        return [`${test} exists; remove ${file} from TESTED_ELSEWHERE`];
      }
      return tree.has(other) ? [] : [`${other} should test ${file}, but does not exist; write ${test}`];
    });
  const gone = Object.keys(elsewhere).filter((file) => !tree.has(file));
  return [
    ...missing,
    ...gone.map((file) => `${file} does not exist; remove it from TESTED_ELSEWHERE`),
  ];
}
