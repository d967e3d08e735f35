/**
 * Files that a service makes in a directory where others may write, too: Deno follows a link that somebody has put
 * under the name, and cuts the file that it leads to.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { requireWithinGranted } from "./granted_path.ts";

/** Its owner writes it, its group reads it. */
export const FILE_MODE = 0o640;

/** What {@linkcode createBeside} adds to a name, and what such a file ends in while it is not at its place. */
const UNFINISHED = /\.[0-9a-f]{8}\.new$/;

/** A file that has the name of one of the service, and that no process of it can have made. */
export class ForeignFile extends Error {
  override readonly name = "ForeignFile";
}

/** Makes a file beside `path`, under a name that nobody can foresee; it is to be renamed to `path`. */
export async function createBeside(
  path: string,
  mode = FILE_MODE,
): Promise<{ file: Deno.FsFile; name: string }> {
  await requireWithinGranted(path);
  const name = `${path}.${randomHex()}.new`;
  return { name, file: await Deno.open(name, { write: true, createNew: true, mode }) };
}

/** Eight digits that nobody can foresee. */
export function randomHex(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** The path that `name` was made beside, if it is one of {@linkcode createBeside}. */
export function unfinishedOf(name: string): string | undefined {
  return UNFINISHED.test(name) ? name.replace(UNFINISHED, "") : undefined;
}

/** Removes what processes have left beside `path` that were killed while they made it; what was just made stays. */
export async function removeUnfinished(path: string, olderThanMs = 60_000): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(dirname(path))) {
    const unfinished = join(dirname(path), name);
    if (!isFile || unfinishedOf(unfinished) !== join(path)) continue;
    const made = (await Deno.lstat(unfinished).catch(unlessNotFound))?.mtime;
    if (made && Date.now() - made.getTime() >= olderThanMs) {
      await Deno.remove(unfinished).catch(unlessNotFound);
    }
  }
}

/** Puts a text at `path` as one step: a reader, or a start after a loss of power, finds the old one or the new one. */
export async function replaceText(path: string, text: string, mode = FILE_MODE): Promise<void> {
  const { file, name } = await createBeside(path, mode);
  try {
    await writeAll(file, new TextEncoder().encode(text));
    await file.syncData();
    await Deno.rename(name, path);
  } catch (error) {
    await Deno.remove(name).catch(() => {}); // What counts is told: why it could not be replaced.
    throw error;
  } finally {
    file.close();
  }
}

/** The system may take a part of the bytes: then the rest is written next. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const taken = await file.write(bytes.subarray(written));
    if (taken === 0) throw new Error("the system took no byte of a write");
    written += taken;
  }
}

/**
 * Opens a file that is there, for writing; undefined where there is none. It takes only what can have been made here:
 * another name of the same file may lie anywhere.
 *
 * @throws {ForeignFile} It is a link, has another name, or is no file.
 */
export async function openPlain(
  path: string,
): Promise<{ file: Deno.FsFile; info: Deno.FileInfo } | undefined> {
  await requireWithinGranted(path);
  const there = await Deno.lstat(path).catch(unlessNotFound);
  if (!there) return undefined;
  if (there.isSymlink) throw new ForeignFile("it is a symbolic link");
  if (!there.isFile) throw new ForeignFile("it is no file");
  if ((there.nlink ?? 1) > 1) throw new ForeignFile("it is a hard link: the file has another name");
  const file = await Deno.open(path, { write: true }).catch(unlessNotFound);
  if (!file) return undefined;
  const info = await file.stat();
  if (info.dev === there.dev && info.ino === there.ino) return { file, info };
  file.close();
  return await openPlain(path); // Others have put another one there in this moment.
}

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
