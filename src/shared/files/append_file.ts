import { FILE_MODE } from "./data_files.ts";
import { requireWithinGranted } from "./granted_path.ts";

/** What a path leads to: which file that is (device and inode), and how long it is in bytes. */
export interface FileState {
  readonly identity: string;
  readonly size: number;
  /** It is a pipe or a device: nothing of it can be read back, and its size says nothing. */
  readonly isStream: boolean;
}

/** A file open for appending, and its state at the opening; it stays the same file, whatever becomes of its path. */
export interface AppendFile extends FileState {
  /**
   * Appends as many of the bytes as the system takes; returns how many.
   *
   * @throws {Deno.errors.WouldBlock} It takes none now; it stays open.
   */
  write(bytes: Uint8Array): Promise<number>;
  /** Returns when what was written would survive a loss of power (fdatasync(2)). */
  sync(): Promise<void>;
  close(): void;
}

/** How often a file may be renamed or made by others just while it is opened. */
const TRIES = 10;

/** Which file that is, and how long. */
export function stateOf({ dev, ino, size, isFile, isDirectory }: Deno.FileInfo): FileState {
  return { identity: `${dev}:${ino}`, size, isStream: !isFile && !isDirectory };
}

/**
 * Opens what has the path for appending, or makes a file there. What is no file is opened without blocking: a pipe
 * that nobody reads would hold this process up, and the end of the service with it.
 *
 * @throws {Deno.errors.WouldBlock} It is a pipe, and nobody reads it.
 * @throws {Error} It can't be opened.
 */
export async function openForAppending(path: string, mode = FILE_MODE): Promise<AppendFile> {
  for (let tries = 0; tries < TRIES; tries++) {
    const real = await requireWithinGranted(path);
    const there = await Deno.stat(real).catch(unlessNotFound);
    if (there?.isDirectory) throw new Deno.errors.IsADirectory("it is a directory, not a file");
    if (there && !there.isFile) return await openStream(real);
    const file = await openFile(real, there, mode);
    // Looked at again, now that it is open: until here a link could have taken its place.
    if (file && await requireWithinGranted(path).catch(closing(file)) === real) return file;
    file?.close();
  }
  throw new Error("others put one file after the other there");
}

function closing(file: Pick<AppendFile, "close">): (error: unknown) => never {
  return (error) => {
    file.close();
    throw error;
  };
}

/** Undefined when others have put another file at the path since `there` was seen. */
async function openFile(
  path: string,
  there: Deno.FileInfo | undefined,
  mode: number,
): Promise<AppendFile | undefined> {
  const options = there ? { append: true } : { append: true, createNew: true, mode };
  const file = await Deno.open(path, options).catch((error) => {
    const isGone = error instanceof Deno.errors.NotFound && there;
    if (!isGone && !(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
  if (!file) return undefined;
  const state = stateOf(await file.stat().catch(closing(file)));
  if (there && state.identity !== stateOf(there).identity) {
    file.close();
    return undefined;
  }
  const syncing = await openToSync(path, state.identity) ?? file;
  return {
    ...state,
    write: (bytes) => file.write(bytes),
    sync: () => syncing.syncData(),
    close() {
      file.close();
      if (syncing !== file) syncing.close();
    },
  };
}

/**
 * The same file once more: Deno does what is asked of one open file in turn, and a record shall not wait until the
 * disk is done with those before (behind 384 MB of other data a write took 212 ms, by a file of its own 0.4).
 */
async function openToSync(path: string, identity: string): Promise<Deno.FsFile | undefined> {
  const file = await Deno.open(path, { read: true }).catch(() => undefined); // renamed meanwhile, or not readable
  // Deno looks here at the path that the file was opened by once more, and refuses one that a link has led to.
  const info = await file?.stat().catch(() => undefined);
  if (info && stateOf(info).identity === identity) return file;
  file?.close();
  return undefined;
}

/** Opens a pipe or a device. Only node:fs knows O_NONBLOCK; it takes 20 ms to load, so no other start does. */
async function openStream(path: string): Promise<AppendFile> {
  const fs = await import("node:fs");
  const { O_WRONLY, O_NONBLOCK } = fs.constants;
  const fd = failingAs(() => fs.openSync(path, O_WRONLY | O_NONBLOCK));
  const { dev, ino } = fs.fstatSync(fd);
  return {
    identity: `${dev}:${ino}`,
    size: 0,
    isStream: true,
    write: (bytes) => Promise.try(() => failingAs(() => fs.writeSync(fd, bytes))),
    sync: () => Promise.resolve(),
    close: () => fs.closeSync(fd),
  };
}

/** Names what a reader can mend. */
function failingAs<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENXIO") throw new Deno.errors.WouldBlock("nobody reads the pipe", { cause: error });
    if (code === "EAGAIN") {
      throw new Deno.errors.WouldBlock("the pipe is full: its reader is behind", { cause: error });
    }
    throw error;
  }
}

export function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
