import denoJson from "../../deno.json" with { type: "json" };
import type { Program } from "./processes.ts";

/**
 * Returns the program that a task of deno.json starts, without the `deno task` around it, and with these
 * flags added.
 *
 * @throws {RangeError} There is no such task.
 */
export function programOfTask(task: string, flags: readonly string[]): Program {
  const tasks: Readonly<Record<string, { command: string }>> = denoJson.tasks;
  const words = tasks[task]?.command.split(" ").map((word) => word.replaceAll("'", ""));
  if (words === undefined) throw new RangeError(`deno.json has no task "${task}"`);
  const deno = words.indexOf("deno");
  return {
    path: Deno.execPath(),
    args: [...words.slice(deno + 1), ...flags],
    env: Object.fromEntries(words.slice(0, deno).map((word) => word.split("="))),
  };
}
