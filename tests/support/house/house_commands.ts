/**
 * The rules for how Deno is run: with which tasks, flags and permissions.
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

/** Every task has a description, which `deno task` without arguments prints. */
export const describedTasks: Check = (tree) =>
  Object.entries(denoJson(tree).tasks ?? {})
    .filter(([, task]) => typeof task === "string" || !task.description)
    .map(([name]) => `deno.json: the task "${name}" has no description; write { "description", "command" }`);

/** Programs that need no packages run with `--no-npm`, so that importing a package fails. */
export const tasksWithoutPackages: Check = (tree) =>
  Object.entries(denoJson(tree).tasks ?? {}).flatMap(([name, task]) => {
    const command = typeof task === "string" ? task : task.command ?? "";
    const needsNoPackages = /src\/(aggregator|sender|prober)\/main\.ts/.test(command);
    return needsNoPackages && !command.includes(" --no-npm ")
      ? [
        `deno.json: the task "${name}" runs a program that needs no packages; add --no-npm`,
      ]
      : [];
  });

/**
 * The flag that grants all permissions: its long form, and its short form, alone or among other short flags.
 */
const ALL_PERMISSIONS = new RegExp(
  `--allow-${"all"}\\b|(?<![\\w-])-[RWNESI]*A[RWNESI]*(?![\\w-])`,
  "g",
);

/** No command grants all permissions, not even in a test or an example. */
export const namedPermissions: Check = (tree) =>
  [...tree].flatMap(([file, text]) =>
    [...text.matchAll(ALL_PERMISSIONS)].map(({ index, 0: flag }) =>
      `${file}:${lineAt(text, index)} grants all permissions with ${flag}; name each permission instead`
    )
  );

/** The files that run Deno or show how to run it. */
const callersIn = (tree: Tree): string[] => [
  ...["deno.json", "Dockerfile", ".ci/run", "docker-compose.yml"],
  ...[...tree.keys()].filter((file) => file.endsWith("README.md")),
];

/** Returns the command of every task, in the order of deno.json. */
export function taskCommands(tree: Tree): string[] {
  return Object.values(denoJson(tree).tasks ?? {})
    .map((task) => typeof task === "string" ? task : task.command ?? "");
}

/** The commands in a file, one per line: continued lines are joined, comments and quotes removed. */
function commandsOf(tree: Tree, file: string): string[] {
  if (file === "deno.json") return taskCommands(tree);
  const lines = (tree.get(file) ?? "").replace(/\\\n\s*/g, "").replace(
    /["']/g,
    "",
  ).split("\n");
  return file.endsWith(".md") ? lines : lines.filter((line) => !/^\s*#/.test(line));
}

/** A run of Deno, written for a shell or as the array of an exec form. */
const INVOCATION = /\bdeno[\s,]+(?:run|test|bench|serve)\b[^&;|`]*/g;

/**
 * A service or a test that lacks a permission fails: with `--no-prompt` it never waits for an answer to a
 * prompt.
 */
export const neverPrompts: Check = (tree) =>
  callersIn(tree).flatMap((file) =>
    commandsOf(tree, file).flatMap((line) => line.match(INVOCATION) ?? [])
      // In the text of a manual, `deno run` without flags and file only names the command.
      .filter((command) => !file.endsWith(".md") || / -|\.ts\b/.test(command))
      .filter((command) => !/[\s,]--no-prompt\b/.test(command))
      .map((command) => `${file}: "${command.trim()}" may wait for an answer to a prompt; add --no-prompt`)
  );

/** `--allow-ffi` grants only the paths of the C library that src/shared/libc.ts lists. */
export const onlyLibc: Check = (tree) => {
  const known: string[] = tree.get("src/shared/libc.ts")?.match(
    /(?<=")\/[\w/.-]*libc\.so[\w.]*(?=")/g,
  ) ?? [];
  return callersIn(tree).flatMap((file) =>
    [...(tree.get(file) ?? "").matchAll(/--allow-ffi(?:=([^\s"'`]*))?/g)]
      .flatMap(({ 1: list }) =>
        (list ?? "").split(",").filter((path) => !known.includes(path))
          .map((path) =>
            `${file}: --allow-ffi=${path} is not in LIBC_PATHS of src/shared/libc.ts; grant only these paths`
          )
      )
  );
};
