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

/** The few things that the sink and the checkpoint ask of a file system; each rejects with what the system said. */
export interface Disk {
  /** Undefined when there is no such file. */
  stat(path: string): Promise<FileState | undefined>;
  /**
   * Opens for appending, and creates the file when it is missing; not its directory.
   *
   * @throws {Deno.errors.WouldBlock} It is a pipe that nobody reads.
   */
  append(path: string): Promise<AppendFile>;
  /** The bytes from `offset` on, at most `bytesMax` of them. */
  read(path: string, offset: number, bytesMax: number): Promise<Uint8Array>;
  /** The paths beside `path`, itself included. */
  siblings(path: string): Promise<string[]>;
  /**
   * Renames a file.
   *
   * @throws {Deno.errors.AlreadyExists} Something has that name: it stays as it is.
   */
  renameToNew(path: string, to: string): Promise<void>;
  /** Puts `text` at `path` as one step: who takes it over finds the old text or the new one; until then it is locked. */
  replace(path: string, text: string): Promise<void>;
  /** The text that `replace` put at `path` last: empty when nothing is there, undefined when no text of it is whole. */
  latest(path: string): Promise<string | undefined>;
  /**
   * Returns when the text that `replace` put there last would survive a loss of power (fdatasync(2)). It also finds
   * out whether the file is still there; the next `replace` then makes it anew. One at a time.
   */
  sync(path: string): Promise<void>;
  /**
   * Whether the file that `replace` put there is left by a dead process; if so it is held by this one from now on.
   *
   * @throws {ForeignFile} No process of this service has put it there.
   */
  takeOver(path: string): Promise<boolean>;
  /** Removes a file; one that this process holds is at least empty then, if the directory does not let it go. */
  remove(path: string): Promise<void>;
}

/** Where in which file a record begins. */
export interface FilePosition {
  readonly identity: string;
  readonly size: number;
}

/** What the sink asks of it: to follow a path, and to append to what is there. */
export type OutputDisk = Pick<Disk, "stat" | "append" | "read" | "siblings">;

/** The real one. It holds the lock (flock(2)) of each file it replaced or took over: those of the dead are free. */
export class FileSystem implements Disk {
  readonly #mode: number;
  readonly #held = new Map<string, SlottedFile | Deno.FsFile>();
  /** The user of this process; undefined until it was needed. */
  #owner: Promise<number | null> | undefined;

  /** @param mode of the files that it makes; the system takes away what its umask says. */
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
      // The output may be a link to a file elsewhere.
      if (isFile || name === basename(path)) paths.push(join(directory, name));
    }
    return paths;
  }

  async renameToNew(path: string, to: string): Promise<void> {
    // Two processes may rotate at once: a name that one of them has made no other takes.
    (await Deno.open(to, { write: true, createNew: true, mode: this.#mode })).close();
    try {
      await Deno.rename(path, to);
    } catch (error) {
      await Deno.remove(to).catch(() => {}); // What counts is told: why it could not be renamed.
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
    if (!opened) return false; // Its process has just ended in good order.
    const { file, info } = opened;
    // A living process replaces its file under the path, and unlocks the one that was there before.
    const isFree = file.tryLockSync(true) &&
      stateOf(file.statSync()).identity === (await this.stat(path))?.identity;
    const isOurs = isFree && info.uid === await (this.#owner ??= ownerOfNew(path));
    if (isFree && isOurs) this.#held.set(path, file);
    else file.close();
    if (isFree && !isOurs) throw new ForeignFile("another user has made it");
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
 * Whose a file is that is made beside `path`: to ask for the user of the process takes a permission of its own. Where
 * none can be made, whose the directory is.
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
 * Makes the directory of `path`, if it is missing.
 *
 * @throws {Deno.errors.NotCapable} The permission to read or to write there is missing; the message names the flag.
 * @throws {Error} It can't be made, or a link leads out of what was granted.
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
    throw new Error(`Cannot open ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
