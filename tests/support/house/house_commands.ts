/**
 * The rules of the house for how Deno is called: by which tasks, and with which permissions.
 *
 * @module
 */
import type { Check, Tree } from "./tree.ts";
import { lineAt } from "./imports.ts";

interface Task {
  description?: string;
  command?: string;
}

interface DenoJson {
  tasks?: Record<string, string | Task>;
}

const denoJson = (tree: Tree): DenoJson => JSON.parse(tree.get("deno.json") ?? "{}");

/** `deno task` alone explains every task. */
export const describedTasks: Check = (tree) =>
  Object.entries(denoJson(tree).tasks ?? {})
    .filter(([, task]) => typeof task === "string" || !task.description)
    .map(([name]) => `deno.json: the task "${name}" has no description; write { "description", "command" }`);

/** A start without packages stays one: with `--no-npm` an import of a package is an error. */
export const tasksWithoutPackages: Check = (tree) =>
  Object.entries(denoJson(tree).tasks ?? {}).flatMap(([name, task]) => {
    const command = typeof task === "string" ? task : task.command ?? "";
    const needsNone = /src\/(aggregator|sender|prober)\/main\.ts/.test(command);
    return needsNone && !command.includes(" --no-npm ")
      ? [
        `deno.json: the task "${name}" runs what needs no package; add --no-npm`,
      ]
      : [];
  });

/** The long flag, and the short one, alone or among other short ones. */
const ALL_PERMISSIONS = new RegExp(
  `--allow-${"all"}\\b|(?<![\\w-])-[RWNESI]*A[RWNESI]*(?![\\w-])`,
  "g",
);

/** Nobody grants everything, not even in a test or an example. */
export const namedPermissions: Check = (tree) =>
  [...tree].flatMap(([file, text]) =>
    [...text.matchAll(ALL_PERMISSIONS)].map(({ index, 0: flag }) =>
      `${file}:${lineAt(text, index)} says ${flag}; name each permission instead`
    )
  );

/** The files that call Deno, or show how to. */
const callersIn = (tree: Tree): string[] => [
  ...["deno.json", "Dockerfile", ".ci/run", "docker-compose.yml"],
  ...[...tree.keys()].filter((file) => file.endsWith("README.md")),
];

/** The command of every task, in the order of deno.json. */
export function taskCommands(tree: Tree): string[] {
  return Object.values(denoJson(tree).tasks ?? {})
    .map((task) => typeof task === "string" ? task : task.command ?? "");
}

/** The commands in a file, one a line: continued lines joined, comments and quotes removed. */
function commandsOf(tree: Tree, file: string): string[] {
  if (file === "deno.json") return taskCommands(tree);
  const lines = (tree.get(file) ?? "").replace(/\\\n\s*/g, "").replace(
    /["']/g,
    "",
  ).split("\n");
  return file.endsWith(".md") ? lines : lines.filter((line) => !/^\s*#/.test(line));
}

/** As a shell or as an exec-form array writes it. */
const INVOCATION = /\bdeno[\s,]+(?:run|test|bench|serve)\b[^&;|`]*/g;

/** A service or a test that lacks a permission ends with an error; it never waits for somebody to answer a prompt. */
export const neverPrompts: Check = (tree) =>
  callersIn(tree).flatMap((file) =>
    commandsOf(tree, file).flatMap((line) => line.match(INVOCATION) ?? [])
      // In prose, `deno run` by itself is a name and not a command.
      .filter((command) => !file.endsWith(".md") || / -|\.ts\b/.test(command))
      .filter((command) => !/[\s,]--no-prompt\b/.test(command))
      .map((command) => `${file}: "${command.trim()}" may prompt; add --no-prompt`)
  );

/** `--allow-ffi` grants the C library, under the names src/shared/libc.ts knows, and nothing else. */
export const onlyLibc: Check = (tree) => {
  const known: string[] = tree.get("src/shared/libc.ts")?.match(
    /(?<=")\/[\w/.-]*libc\.so[\w.]*(?=")/g,
  ) ?? [];
  return callersIn(tree).flatMap((file) =>
    [...(tree.get(file) ?? "").matchAll(/--allow-ffi(?:=([^\s"'`]*))?/g)]
      .flatMap(({ 1: list }) =>
        (list ?? "").split(",").filter((path) => !known.includes(path))
          .map((path) =>
            `${file}: --allow-ffi=${path} is not in LIBC_PATHS of src/shared/libc.ts; grant only those`
          )
      )
  );
};
