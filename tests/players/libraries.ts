/**
 * Loads the players' libraries. They have their own configuration and lock file, because they take 250 MB,
 * which every first `deno task` of the project would fetch otherwise.
 *
 * @module
 */
const CONFIGURATION = "tests/players/deno.json";

/**
 * Returns the source of a library.
 *
 * @param name the library's name in the imports of tests/players/deno.json
 * @throws {Error} Deno can't load the library; the message contains Deno's own.
 */
export async function libraryOf(name: string): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", `--config=${CONFIGURATION}`, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  const code = `import library from ${JSON.stringify(name)} with { type: "text" }; console.log(library);`;
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { success, stdout, stderr } = await process.output();
  if (!success) throw new Error(`Cannot load ${name}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
