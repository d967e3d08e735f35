import { FILE_MODE } from "./data_files.ts";
import { requireWithinGranted } from "./granted_path.ts";

/** Which file a path leads to, and how long the file is. */
export interface FileState {
  /** Device and inode. */
  readonly identity: string;
  /** In bytes. */
  readonly size: number;
  /** The path leads to a pipe or a device: nothing can be read back, and `size` has no meaning. */
  readonly isStream: boolean;
}

/** A file open for appending, with its state at the opening. It stays the same if its path is renamed. */
export interface AppendFile extends FileState {
  /**
   * Appends as many of the bytes as the system takes, and returns how many.
   *
   * @throws {Deno.errors.WouldBlock} A pipe takes nothing now. The file stays open.
   */
  write(bytes: Uint8Array): Promise<number>;
  /** Resolves when all that was written would survive a power failure (fdatasync(2)). */
  sync(): Promise<void>;
  close(): void;
}

/** Attempts to open a path whose file other processes replace at the same time. */
const ATTEMPTS_MAX = 10;

/** Returns the state of a file from the result of a `stat`. */
export function stateOf({ dev, ino, size, isFile, isDirectory }: Deno.FileInfo): FileState {
  return { identity: `${dev}:${ino}`, size, isStream: !isFile && !isDirectory };
}

/**
 * Opens the file at a path for appending, or creates it. A pipe or a device is opened without blocking: to
 * open a pipe that nobody reads would otherwise block this process, and its shutdown, too.
 *
 * @throws {Deno.errors.WouldBlock} The path leads to a pipe that nobody reads.
 * @throws {Error} The path can't be opened.
 */
export async function openForAppending(path: string, mode = FILE_MODE): Promise<AppendFile> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const real = await requireWithinGranted(path);
    const there = await Deno.stat(real).catch(unlessNotFound);
    if (there?.isDirectory) throw new Deno.errors.IsADirectory("it is a directory, not a file");
    if (there && !there.isFile) return await openStream(real);
    const file = await openFile(real, there, mode);
    // Checked again after the opening: until then a symbolic link could have taken the place of the file.
    if (file && await requireWithinGranted(path).catch(closeAndThrow(file)) === real) return file;
    file?.close();
  }
  throw new Error("other processes keep replacing the file");
}

function closeAndThrow(file: Pick<AppendFile, "close">): (error: unknown) => never {
  return (error) => {
    file.close();
    throw error;
  };
}

/** Returns undefined if another process has replaced the file since `there` was read. */
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
  const state = stateOf(await file.stat().catch(closeAndThrow(file)));
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
 * Opens the same file a second time, for fdatasync(2) alone. Deno runs the operations of one open file one by
 * one, so a record would wait until earlier records are on the disk. Measured once, while the disk had 384 MB
 * of other data to write: a write took 212 ms with one open file, 0.4 ms with two.
 */
async function openToSync(path: string, identity: string): Promise<Deno.FsFile | undefined> {
  const file = await Deno.open(path, { read: true }).catch(() => undefined); // It is gone, or not readable.
  // For `stat`, Deno checks the path of the opening again, and refuses it if a symbolic link led from there.
  const info = await file?.stat().catch(() => undefined);
  if (info && stateOf(info).identity === identity) return file;
  file?.close();
  return undefined;
}

/**
 * Opens a pipe or a device. Only node:fs has O_NONBLOCK; it is imported here, on demand, because that takes
 * time (measured once: 20 ms).
 */
async function openStream(path: string): Promise<AppendFile> {
  const fs = await import("node:fs");
  const { O_WRONLY, O_NONBLOCK } = fs.constants;
  const fd = namingErrors(() => fs.openSync(path, O_WRONLY | O_NONBLOCK));
  const { dev, ino } = fs.fstatSync(fd);
  return {
    identity: `${dev}:${ino}`,
    size: 0,
    isStream: true,
    write: (bytes) => Promise.try(() => namingErrors(() => fs.writeSync(fd, bytes))),
    sync: () => Promise.resolve(),
    close: () => fs.closeSync(fd),
  };
}

/** Runs a call, and explains the errors that the reader of a pipe causes. */
function namingErrors<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENXIO") throw new Deno.errors.WouldBlock("nobody reads the pipe", { cause: error });
    if (code === "EAGAIN") {
      throw new Deno.errors.WouldBlock("the pipe is full: its reader is too slow", { cause: error });
    }
    throw error;
  }
}

export function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
