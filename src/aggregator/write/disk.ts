import { basename, dirname, join } from "node:path";
import {
  type AppendFile,
  type FileState,
  openForAppending,
  stateOf,
  unlessNotFound,
} from "../../shared/files/append_file.ts";
import { createBeside, FILE_MODE, ForeignFile, openPlain } from "../../shared/files/data_files.ts";
import { requireWithinGranted } from "../../shared/files/granted_path.ts";
import { decodeSlot, type Slot, SLOT_BYTES_MAX, SLOTS } from "./checkpoint_slots.ts";
import { SlottedFile } from "./slotted_file.ts";
import { messageOf } from "../../shared/error_message.ts";

/** The file operations of the sink, the rotation and the checkpoint. Each rejects with the system's error. */
export interface Disk {
  /** Undefined: there is no such file. */
  stat(path: string): Promise<FileState | undefined>;
  /**
   * Opens the file for appending. Creates the file, but not its directory, if it is missing.
   *
   * @throws {Deno.errors.WouldBlock} The path is a pipe without a reader.
   */
  append(path: string): Promise<AppendFile>;
  /** Reads at most `bytesMax` bytes from `offset` on. */
  read(path: string, offset: number, bytesMax: number): Promise<Uint8Array>;
  /** Lists the paths of all files in the directory of `path`, itself included. */
  siblings(path: string): Promise<string[]>;
  /**
   * Renames a file.
   *
   * @throws {Deno.errors.AlreadyExists} There is a file at `to`; neither is changed.
   */
  renameToNew(path: string, to: string): Promise<void>;
  /**
   * Replaces the text at `path` in one step: after a kill a reader finds either the old text or the new one.
   * This process then holds a lock on the file.
   */
  replace(path: string, text: string): Promise<void>;
  /** The last text from `replace`. Empty: there is none. Undefined: the file is damaged. */
  latest(path: string): Promise<string | undefined>;
  /**
   * Returns when the last text from `replace` would survive a power failure (fdatasync(2)). Also notices when
   * the file is no longer at its path; the next `replace` then creates it again. Call it once at a time.
   */
  sync(path: string): Promise<void>;
  /**
   * Locks a file that a `replace` of another process made, if that process is dead.
   *
   * @returns whether the file now belongs to this process; false: its process lives, or the file is gone.
   * @throws {ForeignFile} No process of this service can have made the file.
   */
  takeOver(path: string): Promise<boolean>;
  /** Removes a file. If the directory forbids that, empties it instead, if this process holds its lock. */
  remove(path: string): Promise<void>;
}

/** Where a record begins: the file, and the offset in it in bytes. */
export interface FilePosition {
  readonly identity: string;
  readonly size: number;
}

/** The operations of the sink. */
export type OutputDisk = Pick<Disk, "stat" | "append" | "read" | "siblings">;

/**
 * The real file system. It keeps a lock (flock(2)) on each file that it replaced or took over. The kernel
 * releases the locks of a dead process, which tells other processes that it is dead.
 */
export class FileSystem implements Disk {
  readonly #mode: number;
  readonly #held = new Map<string, SlottedFile | Deno.FsFile>();
  /** The ID of this process's user; found out when it is first needed. */
  #owner: Promise<number | null> | undefined;

  /** @param mode permissions of new files; the kernel removes those in the umask */
  constructor(mode = FILE_MODE) {
    this.#mode = mode;
  }

  async stat(path: string): Promise<FileState | undefined> {
    const info = await Deno.stat(path).catch(unlessNotFound);
    return info && stateOf(info);
  }

  append(path: string): Promise<AppendFile> {
    return openForAppending(path, this.#mode);
  }

  async read(path: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    using file = await Deno.open(path, { read: true });
    await file.seek(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(bytesMax);
    let length = 0;
    while (length < bytesMax) {
      const read = await file.read(bytes.subarray(length));
      if (read === null) break;
      length += read;
    }
    return bytes.subarray(0, length);
  }

  async siblings(path: string): Promise<string[]> {
    const directory = dirname(path);
    const paths: string[] = [];
    for await (const { name, isFile } of Deno.readDir(directory)) {
      // The output itself may be a symbolic link, which is not `isFile`.
      if (isFile || name === basename(path)) paths.push(join(directory, name));
    }
    return paths;
  }

  async renameToNew(path: string, to: string): Promise<void> {
    // rename(2) would replace an existing file. Creating `to` first reserves the name for this process.
    (await Deno.open(to, { write: true, createNew: true, mode: this.#mode })).close();
    try {
      await Deno.rename(path, to);
    } catch (error) {
      await Deno.remove(to).catch(() => {}); // The caller gets the first error instead.
      throw error;
    }
  }

  async replace(path: string, text: string): Promise<void> {
    const held = this.#held.get(path);
    if (held instanceof SlottedFile && await held.write(text)) return;
    const file = await SlottedFile.create(path, text, this.#mode);
    held?.close();
    this.#held.set(path, file);
  }

  async latest(path: string): Promise<string | undefined> {
    const size = (await this.stat(path))?.size ?? 0;
    if (size === 0) return "";
    const capacity = Math.min(Math.floor(size / SLOTS), SLOT_BYTES_MAX);
    let latest: Slot | undefined;
    for (let i = 0; i < SLOTS; i++) {
      const slot = decodeSlot(await this.read(path, i * capacity, capacity));
      if (slot && slot.sequence > (latest?.sequence ?? 0)) latest = slot;
    }
    return latest?.text;
  }

  async sync(path: string): Promise<void> {
    const held = this.#held.get(path);
    if (held instanceof SlottedFile) await held.sync();
  }

  async takeOver(path: string): Promise<boolean> {
    const opened = await openPlain(path).catch((error) => {
      throw error instanceof Deno.errors.PermissionDenied ? new ForeignFile(error.message) : error;
    });
    if (!opened) return false; // Its process has just removed it at a regular stop.
    const { file, info } = opened;
    // A free lock is not enough: a living process that needed larger slots has put another file at the path.
    const isFree = file.tryLockSync(true) &&
      stateOf(file.statSync()).identity === (await this.stat(path))?.identity;
    const isOurs = isFree && info.uid === await (this.#owner ??= ownerOfNew(path));
    if (isFree && isOurs) this.#held.set(path, file);
    else file.close();
    if (isFree && !isOurs) throw new ForeignFile("it belongs to another user");
    return isFree;
  }

  async remove(path: string): Promise<void> {
    const held = this.#held.get(path);
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!held) throw error;
      await held.truncate();
    }
    held?.close();
    this.#held.delete(path);
  }
}

/**
 * Returns the user who owns a file that this process creates beside `path`: Deno.uid() would need a
 * permission of its own. If no file can be created there, returns the owner of the directory.
 */
async function ownerOfNew(path: string): Promise<number | null> {
  const made = await createBeside(path).catch(() => undefined);
  if (!made) return (await Deno.stat(dirname(path))).uid;
  const { uid } = await made.file.stat();
  made.file.close();
  await Deno.remove(made.name);
  return uid;
}

/**
 * Creates the directory of `path` if it is missing.
 *
 * @throws {Deno.errors.NotCapable} A read or write permission is missing; the message names the flag.
 * @throws {Error} The directory can't be created, or a link leads to where no permission was granted.
 */
export async function requireDirectory(path: string): Promise<void> {
  const directory = dirname(path);
  for (const name of ["read", "write"] as const) {
    if (Deno.permissions.querySync({ name, path: directory }).state === "granted") continue;
    throw new Deno.errors.NotCapable(
      `Cannot open ${path}: ${name} permission is missing; run with --allow-${name}=${directory}`,
    );
  }
  try {
    await requireWithinGranted(path);
    await Deno.mkdir(directory, { recursive: true });
  } catch (error) {
    throw new Error(`Cannot open ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
