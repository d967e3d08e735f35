/**
 * Files that a service creates in a directory where other users may write, too. Without these functions, Deno
 * would follow a symbolic link that another user has put at the path, and truncate the file it leads to.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { requireWithinGranted } from "./granted_path.ts";

/** The owner may read and write, the group may read. */
export const FILE_MODE = 0o640;

/** What {@linkcode createBeside} adds to a name until the file is complete and renamed. */
const UNFINISHED = /\.[0-9a-f]{8}\.new$/;

/** The file at a path of the service was not created by the service. */
export class ForeignFile extends Error {
  override readonly name = "ForeignFile";
}

/** Creates a file beside `path` with an unpredictable name, to be renamed to `path` when it is complete. */
export async function createBeside(
  path: string,
  mode = FILE_MODE,
): Promise<{ file: Deno.FsFile; name: string }> {
  await requireWithinGranted(path);
  const name = `${path}.${randomHex()}.new`;
  return { name, file: await Deno.open(name, { write: true, createNew: true, mode }) };
}

/** Returns eight unpredictable hexadecimal digits. */
export function randomHex(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** Returns the path that a file of {@linkcode createBeside} is meant for; undefined for any other name. */
export function unfinishedOf(name: string): string | undefined {
  return UNFINISHED.test(name) ? name.replace(UNFINISHED, "") : undefined;
}

/** Removes unfinished files beside `path` that killed processes have left, but no younger ones. */
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

/** Replaces the text at `path` atomically: even after a power failure it is the old text or the new one. */
export async function replaceText(path: string, text: string, mode = FILE_MODE): Promise<void> {
  const { file, name } = await createBeside(path, mode);
  try {
    await writeAll(file, new TextEncoder().encode(text));
    await file.syncData();
    await Deno.rename(name, path);
  } catch (error) {
    await Deno.remove(name).catch(() => {}); // The first error is the one to report.
    throw error;
  } finally {
    file.close();
  }
}

/** Writes all bytes, with further writes if the system takes only a part of them. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const taken = await file.write(bytes.subarray(written));
    if (taken === 0) throw new Error("the system took no byte of a write");
    written += taken;
  }
}

/**
 * Opens an existing file for writing; returns undefined if there is none. It accepts only what the service
 * can have created. Symbolic and hard links are refused, because they may lead to any file.
 *
 * @throws {ForeignFile} The path is a symbolic link, a hard link, or not a file.
 */
export async function openPlain(
  path: string,
): Promise<{ file: Deno.FsFile; info: Deno.FileInfo } | undefined> {
  await requireWithinGranted(path);
  const there = await Deno.lstat(path).catch(unlessNotFound);
  if (!there) return undefined;
  if (there.isSymlink) throw new ForeignFile("it is a symbolic link");
  if (!there.isFile) throw new ForeignFile("it is not a file");
  if ((there.nlink ?? 1) > 1) throw new ForeignFile("it is a hard link: the file has another name");
  const file = await Deno.open(path, { write: true }).catch(unlessNotFound);
  if (!file) return undefined;
  const info = await file.stat();
  if (info.dev === there.dev && info.ino === there.ino) return { file, info };
  file.close();
  return await openPlain(path); // Another process has replaced the file since the lstat.
}

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
