import { resolve, sep as SEPARATOR } from "node:path";

/** Every kind of permission that Deno has. */
const PERMISSIONS = ["ffi", "net", "env", "run", "sys", "import", "write", "read"] as const;

/**
 * Gives up every permission of this thread, for good. Open libraries, sockets and listeners keep working.
 *
 * @returns the names of the permissions still held: none.
 */
export function dropAllPermissions(): string[] {
  for (const name of PERMISSIONS) Deno.permissions.revokeSync({ name });
  return PERMISSIONS.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
}

/**
 * Gives up the permission to read `paths`, but keeps it for `kept`. A path stays readable if its permission comes from
 * a parent directory that also contains a kept path (`--allow-read=.`): revoking it would revoke the parent.
 */
export function dropRead(paths: readonly string[], ...kept: readonly string[]): void {
  for (const path of paths) {
    const parents = kept.map((each) => commonDirectory(resolve(path), resolve(each)));
    const isGranted = (parent: string) =>
      Deno.permissions.querySync({ name: "read", path: parent }).state === "granted";
    if (!parents.some(isGranted)) Deno.permissions.revokeSync({ name: "read", path });
  }
}

/** Returns the innermost directory that two absolute paths share. */
function commonDirectory(one: string, other: string): string {
  const [names, others] = [one.split(SEPARATOR), other.split(SEPARATOR)];
  const differs = names.findIndex((name, i) => name !== others[i]);
  return names.slice(0, differs < 0 ? names.length : differs).join(SEPARATOR) || SEPARATOR;
}

/** Returns an environment variable; undefined: it is not set, or the permission to read it is missing. */
export function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    // The operator decides which variables the process may see.
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** Writes one line to stderr. If stderr is closed, the line is lost. */
export function writeStderr(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
  } catch {
    // The service continues without its log.
  }
}
