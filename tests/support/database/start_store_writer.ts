/** Starts store_writer.ts with these permissions and no others. */
export function startWriter(
  permissions: string[],
  { dataDirectory = "none", env = {} }: { dataDirectory?: string; env?: Record<string, string> },
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--frozen",
      ...permissions,
      "tests/support/database/store_writer.ts",
      dataDirectory,
    ],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
