import { resolve, sep as SEPARATOR } from "node:path";

/** Every kind of permission that Deno knows. */
const PERMISSIONS = ["ffi", "net", "env", "run", "sys", "import", "write", "read"] as const;

/**
 * Gives up every permission of this thread, for good; libraries, sockets and listeners already open keep working.
 * Returns the names of those still held: none, unless Deno learns of a new way to hold one.
 */
export function dropAllPermissions(): string[] {
  for (const name of PERMISSIONS) Deno.permissions.revokeSync({ name });
  return PERMISSIONS.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
}

/**
 * Gives up reading `paths`. One whose permission comes from a parent that `kept` depends on stays: Deno takes the
 * granted parent away together with the child, and `kept` with it (`--allow-read=.`).
 */
export function dropRead(paths: readonly string[], ...kept: readonly string[]): void {
  for (const path of paths) {
    const parents = kept.map((each) => commonDirectory(resolve(path), resolve(each)));
    const isGranted = (parent: string) =>
      Deno.permissions.querySync({ name: "read", path: parent }).state === "granted";
    if (!parents.some(isGranted)) Deno.permissions.revokeSync({ name: "read", path });
  }
}

/** The innermost directory that two absolute paths share. */
function commonDirectory(one: string, other: string): string {
  const [names, others] = [one.split(SEPARATOR), other.split(SEPARATOR)];
  const differs = names.findIndex((name, i) => name !== others[i]);
  return names.slice(0, differs < 0 ? names.length : differs).join(SEPARATOR) || SEPARATOR;
}

/** An environment variable; undefined too when the permission to read it wasn't granted. */
export function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    // Which variables the process may see is the operator's choice.
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** Writes one line to stderr; loses it where nobody reads any more. */
export function writeStderr(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
  } catch {
    // A closed pipe is no reason to stop the service.
  }
}
