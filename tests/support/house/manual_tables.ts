/**
 * What tables of the manuals are compared with: flags, permissions, and the events of a log.
 *
 * @module
 */
import assert from "node:assert/strict";
import denoJson from "../../../deno.json" with { type: "json" };
import type { FlagTable } from "../../../src/shared/flags/flags.ts";
import { parseCompose } from "./compose.ts";
import { type Manual, manual, manualTest } from "./manuals.ts";
import * as readme from "./readme.ts";

const DOCKERFILE = await Deno.readTextFile("Dockerfile");
const COMPOSE = await Deno.readTextFile("docker-compose.yml");
const TASKS: Readonly<Record<string, { command: string }>> = denoJson.tasks;

/** The words of the command of a task. */
export const wordsOfTask = (task: string): string[] => readme.shellWords(TASKS[task]!.command);
/** The words of the ENTRYPOINT of an image. */
export const entrypointOf = (stage: string): string[] =>
  JSON.parse(readme.instructionOf(DOCKERFILE, stage, "ENTRYPOINT")!);
/** The words of the entrypoint of a service of docker-compose.yml. */
export const composeWords = (service: string): readonly string[] =>
  parseCompose(COMPOSE)[service]!.entrypoint!;

/** The help names the flag without a scope, which a rule of the house does not allow on a page. */
const inProse = (help: string) => help.replace("--allow-ffi", "the ffi permission");

/** Tests that the first table of flags under a heading says what `--help` says. */
export function testFlags(
  path: Manual,
  heading: string,
  flags: FlagTable,
): void {
  manualTest(path, `the table under "${heading}" says what --help says`, () => {
    assert.deepEqual(
      readme.tableOf(manual(path), heading, "flag"),
      Object.values(flags).map((
        { flag, placeholder, variable, default: value, defaultShown, help },
      ) => ({
        flag: `\`--${flag} ${placeholder}\``,
        ...variable && { variable: `\`${variable}\`` },
        default: `\`${defaultShown ?? value}\``,
        meaning: inProse(help),
      })),
    );
  });
}

/** Tests that a column of the table of permissions under a heading says what a command line grants. */
export function testPermissions(
  path: Manual,
  heading: string,
  columns: readonly (readonly [column: string, words: readonly string[]])[],
): void {
  for (const [column, words] of columns) {
    manualTest(
      path,
      `the column ${column} under "${heading}" is what is granted`,
      () => {
        const granted = readme.grantsOf(words);
        assert.ok(granted.size >= 5);
        const rows = readme.tableOf(manual(path), heading, "permission");
        assert.deepEqual(
          [...readme.grantsIn(rows, column)].sort(),
          [...granted].sort(),
        );
      },
    );
  }
}

/** The events that the sources of a service log, each with its level. */
export async function eventsLogged(directory: string): Promise<string[]> {
  const events = new Set<string>();
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) {
      (await eventsLogged(path)).forEach((event) => events.add(event));
    } else {
      const calls = (await Deno.readTextFile(path)).matchAll(
        /\blog\.(info|warn|error)\(\s*"(\w+)"/g,
      );
      for (const [, level, event] of calls) events.add(`${event} ${level}`);
    }
  }
  return [...events].sort();
}
