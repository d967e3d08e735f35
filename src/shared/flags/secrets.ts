import { UsageError } from "./flags.ts";

/**
 * Returns the value of a variable, or else the content of the file that the variable NAME_FILE names. Empty:
 * neither is set.
 *
 * @throws {UsageError} Both variables are set, or the file can't be read or is empty.
 */
export function secret(
  name: string,
  variable: (name: string) => string,
  readText: (path: string) => string = Deno.readTextFileSync,
): string {
  const [value, path] = [variable(name), variable(`${name}_FILE`)];
  if (path === "") return value;
  if (value !== "") throw new UsageError(`${name} and ${name}_FILE are both set: set one of them`);
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotCapable
      ? `read permission is missing, run again with --allow-read=${path}`
      : (error as Error).message;
    throw new UsageError(`Cannot read ${name}_FILE ${JSON.stringify(path)}: ${reason}`);
  }
  const found = text.trim(); // Editors end the last line with a newline.
  if (found === "") {
    throw new UsageError(`Cannot use ${name}_FILE ${JSON.stringify(path)}: the file is empty`);
  }
  return found;
}
