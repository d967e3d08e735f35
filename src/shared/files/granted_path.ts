import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";

type Access = "read" | "write";

/** How many symbolic links in a row the kernel follows (path_resolution(7)). */
const LINKS_MAX = 40;

/**
 * Makes sure that the place to which `path` really leads may be read and written. Deno checks the permission
 * for the path that it is given, not for the target of a symbolic link, so a link in a granted directory
 * could lead to any file.
 *
 * @returns the path to open: the real path, or `path` itself if only a link to the real path is granted
 * @throws {Deno.errors.NotCapable} The permission is missing, or a link leads out of it.
 */
export async function requireWithinGranted(path: string): Promise<string> {
  const real = await realPathOf(resolve(path));
  for (const access of ["read", "write"] as const) {
    if (await isWithinGranted(access, resolve(path), real)) continue;
    if (!isGranted(access, path)) {
      throw new Deno.errors.NotCapable(`${access} permission is missing; run with --allow-${access}=${path}`);
    }
    throw new Deno.errors.NotCapable(
      `a symbolic link leads to ${real}, which --allow-${access} does not cover`,
    );
  }
  return isGranted("read", real) && isGranted("write", real) ? real : path;
}

/** Resolves all links of a path, which need not exist. A path that may not be read is returned unchanged. */
async function realPathOf(path: string, links = 0): Promise<string> {
  if (!isGranted("read", path)) return path;
  const real = await Deno.realPath(path).catch(unlessNotFound);
  if (real !== undefined) return real;
  const directory = dirname(path) === path ? path : await realPathOf(dirname(path));
  const info = await Deno.lstat(path).catch(unlessNotFound);
  if (!info?.isSymlink) return join(directory, basename(path));
  if (links === LINKS_MAX) throw new Error(`too many symbolic links lead from one to the next at ${path}`);
  return await realPathOf(resolve(directory, await Deno.readLink(path)), links + 1);
}

/** Whether `real` is granted, or lies in a directory to which a granted symbolic link leads. */
async function isWithinGranted(access: Access, path: string, real: string): Promise<boolean> {
  if (isGranted(access, real)) return true;
  if (!isGranted(access, path)) return false;
  let granted = path;
  while (dirname(granted) !== granted && isGranted(access, dirname(granted))) granted = dirname(granted);
  const fromGranted = relative(await realPathOf(granted), real);
  return !isAbsolute(fromGranted) && fromGranted.split("/")[0] !== "..";
}

function isGranted(name: Access, path: string): boolean {
  return Deno.permissions.querySync({ name, path }).state === "granted";
}

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
