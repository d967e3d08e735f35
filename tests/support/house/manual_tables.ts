/**
 * Tests that tables of the manuals match the code: flags, permissions and log events.
 *
 * @module
 */
import assert from "node:assert/strict";
import denoJson from "../../../deno.json" with { type: "json" };
import type { FlagTable } from "../../../src/shared/flags/flags.ts";
import { parseCompose } from "./compose.ts";
import { type Manual, manual, manualTest } from "./manuals.ts";
import * as parser from "./manual_parser.ts";

const DOCKERFILE = await Deno.readTextFile("Dockerfile");
const COMPOSE = await Deno.readTextFile("docker-compose.yml");
const TASKS: Readonly<Record<string, { command: string }>> = denoJson.tasks;

/** Returns the words of the command of a task. */
export const wordsOfTask = (task: string): string[] => parser.shellWords(TASKS[task]!.command);
/** Returns the words of the ENTRYPOINT of an image. */
export const entrypointOf = (stage: string): string[] =>
  JSON.parse(parser.instructionOf(DOCKERFILE, stage, "ENTRYPOINT")!);
/** Returns the words of a service's entrypoint in docker-compose.yml. */
export const composeWords = (service: string): readonly string[] =>
  parseCompose(COMPOSE)[service]!.entrypoint!;

/** The help text names --allow-ffi without a path. A rule of house_commands.ts forbids this in a manual. */
const inProse = (help: string) => help.replace("--allow-ffi", "the ffi permission");

/** Defines a test that the first table of flags under a heading matches the output of `--help`. */
export function testFlags(
  path: Manual,
  heading: string,
  flags: FlagTable,
): void {
  manualTest(path, `the table under "${heading}" has the flags, defaults and texts of --help`, () => {
    assert.deepEqual(
      parser.tableOf(manual(path), heading, "flag"),
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

/** Defines tests that columns of the table of permissions under a heading match what command lines grant. */
export function testPermissions(
  path: Manual,
  heading: string,
  columns: readonly (readonly [column: string, words: readonly string[]])[],
): void {
  for (const [column, words] of columns) {
    manualTest(
      path,
      `the column ${column} under "${heading}" has exactly the permissions of the command line`,
      () => {
        const granted = parser.grantsOf(words);
        assert.ok(granted.size >= 5);
        const rows = parser.tableOf(manual(path), heading, "permission");
        assert.deepEqual(
          [...parser.grantsIn(rows, column)].sort(),
          [...granted].sort(),
        );
      },
    );
  }
}

/** Returns the log events in the source files of a directory, each as `EVENT LEVEL`, sorted. */
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
