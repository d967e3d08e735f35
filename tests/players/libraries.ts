/**
 * The players' libraries, of a configuration and a lock file of their own: they take 250 MB, which every first
 * `deno task` of the project would else fetch.
 *
 * @module
 */
const CONFIGURATION = "tests/players/deno.json";

/**
 * The source of a library, by its name in that configuration.
 *
 * @throws {Error} It can't be had; the message is Deno's.
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
