import type { Disk, FilePosition } from "./disk.ts";
import { checkpointPathOf, isCheckpointOf, isFileOf } from "./file_names.ts";
import { asBefore } from "./record.ts";
import { STANDARD_OUTPUT } from "./standard_output.ts";
import { ForeignFile } from "../../shared/files/data_files.ts";
import type { Log } from "../../shared/log.ts";

/** What a kill would take: records on their way into the file, and what the open windows hold. */
export interface Unfinished {
  /** Where the first of `waiting` begins in the file, or will begin. */
  readonly position: FilePosition;
  /** Records that may be in the file already, from `position` on. */
  readonly waiting: readonly string[];
  /** What has no record yet, as partial records. */
  readonly open: readonly string[];
}

interface Header extends FilePosition {
  /** The version of the format. */
  readonly checkpoint: 1;
  readonly records: number;
}

/** How far behind `position` the records that may be there already are looked for. */
const SEARCH_BYTES_MAX = 64 * 1024 * 1024;
/** How much is searched of other files that had the path before or after. */
const SEARCH_BYTES_OTHERS = 1024 * 1024;

/**
 * A file, beside the output by default, that holds what a kill would take, for the next start to write. Each process has its
 * own, locked while it lives, so that two of them on one output (an overlapping restart) leave each other's alone.
 * Its text (how it lies in the file is told in checkpoint_slots.ts):
 *
 *     {"checkpoint":1,"identity":"2049:131","size":4711,"records":3}     which file, where in it, how many lines follow
 *     {"timestamp":1010, …}                                              a record a line, as it is to be written
 */
export class Checkpoint {
  readonly #path: string;
  readonly #disk: Disk;
  #saved = false;
  #misleading = false;
  #unsynced = false;
  #syncing: Promise<void> | undefined;

  /**
   * @param path what the name begins with
   * @param id tells the checkpoints of several processes apart: hexadecimal digits
   */
  constructor(path: string, id: string, disk: Disk) {
    this.#path = `${path}-${id}`;
    this.#disk = disk;
  }

  /**
   * Renews it as one step; a moment later it survives a loss of power, too.
   * When that can't be done, the old one is good enough while it only lacks the latest; but when it takes records
   * to be written for open windows it is removed, because it would repeat them. Should that fail, too, then it is
   * `misleading`, and nothing may be written until it is not.
   *
   * @param closes some of `waiting` are windows that the last one saved takes for open
   * @returns why it could not be saved, or undefined.
   */
  async save({ position, waiting, open }: Unfinished, closes: boolean): Promise<unknown> {
    const records = [...waiting, ...open];
    const header: Header = { checkpoint: 1, ...position, records: records.length };
    try {
      await this.#disk.replace(this.#path, [`${JSON.stringify(header)}\n`, ...records].join(""));
      this.#saved = true;
      this.#misleading = false;
      this.#unsynced = true;
      this.#syncing ??= this.#sync();
      return undefined;
    } catch (error) {
      this.#misleading ||= this.#saved && closes;
      if (this.#misleading) await this.remove().catch(() => {}); // What counts is told: why it could not be saved.
      return error ?? new Error("unknown");
    }
  }

  /**
   * Not waited for, so that no record waits for a slow disk. What is saved meanwhile takes one more, at once: a record
   * that is safe from a loss of power long before the checkpoint that knows it would be counted twice after one.
   */
  async #sync(): Promise<void> {
    while (this.#unsynced) {
      this.#unsynced = false;
      await this.#disk.sync(this.#path).catch(() => {}); // It tries again with the next one saved.
    }
    this.#syncing = undefined;
  }

  /** Removes it: everything is in the file. */
  async remove(): Promise<void> {
    if (!this.#saved) return;
    await this.#disk.remove(this.#path);
    this.#saved = this.#misleading = false;
  }

  /** It tells of windows as open that are not any more. */
  get misleading(): boolean {
    return this.#misleading;
  }
}

/** What processes that were killed had left to write, and how to forget it once it is safe elsewhere. */
export interface Recovered {
  readonly lines: readonly string[];
  forget(): Promise<void>;
}

/** Collects the checkpoints of dead processes; records found in the output, where that is a file, are left out. */
export async function recover(
  outPath: string,
  disk: Disk,
  log: Log,
  checkpointPath = checkpointPathOf(outPath),
): Promise<Recovered> {
  const siblings = outPath === STANDARD_OUTPUT ? [] : await disk.siblings(outPath);
  const checkpoints = (await disk.siblings(checkpointPath)).filter((path) =>
    isCheckpointOf(checkpointPath, path)
  );
  const taken: string[] = [];
  // A process that was killed while it wrote what another had left has the same records in its own checkpoint.
  const lines = new Set<string>();
  for (const path of checkpoints.sort()) {
    if (!await isTakenOver(path, disk, log)) continue;
    taken.push(path);
    if (path.endsWith(".new")) continue; // Its process was killed while it renewed the one without ".new".
    for (const line of await unwritten(path, outPath, siblings, disk, log)) lines.add(asBefore(line));
  }
  return {
    lines: [...lines],
    async forget() {
      for (const path of taken) await disk.remove(path);
    },
  };
}

async function isTakenOver(path: string, disk: Disk, log: Log): Promise<boolean> {
  try {
    return await disk.takeOver(path);
  } catch (error) {
    if (!(error instanceof ForeignFile)) throw error;
    const message = "a file has the name of a checkpoint and is none of this service: it is left alone";
    log.warn("checkpoint_refused", message, { file: path, reason: error.message });
    return false;
  }
}

/** What the checkpoint at `path` holds and no file does. */
async function unwritten(
  path: string,
  outPath: string,
  siblings: string[],
  disk: Disk,
  log: Log,
): Promise<string[]> {
  const text = await disk.latest(path);
  if (text === "") return []; // Removed, in a directory that did not let it go.
  const [first, ...records] = text?.split(/(?<=\n)/) ?? [];
  const header = parseHeader(first);
  const isRecord = (line: string) => /^\{"timestamp":\d+, .*\}\n$/.test(line);
  if (header?.records !== records.length || !records.every(isRecord)) {
    log.warn("checkpoint_unreadable", "a checkpoint is damaged: what it held is lost", { file: path });
    return [];
  }
  const written = await linesThere(header, outPath, siblings, disk);
  const missing = records.filter((record) => !written.has(asBefore(record.trimEnd())));
  log.warn("recovered", "the service was killed: writing what its checkpoint holds", {
    file: path,
    records: missing.length,
  });
  return missing;
}

/**
 * The lines of the files that have or had the path: all behind `position` in that file, the end of the
 * others. Records that wait may have been written before the file was renamed, or after, or after the next time.
 */
async function linesThere(
  position: FilePosition,
  outPath: string,
  siblings: string[],
  disk: Disk,
): Promise<Set<string>> {
  const lines = new Set<string>();
  for (const path of siblings.filter((sibling) => isFileOf(outPath, sibling))) {
    const state = await disk.stat(path);
    if (!state || state.isStream) continue;
    // One that was cut in the meantime may hold anywhere what was behind.
    const isThatFile = state.identity === position.identity && state.size >= position.size;
    const text = await readText(disk, path, isThatFile ? position.size : state.size - SEARCH_BYTES_OTHERS);
    // A record that lacks its newline alone is one, too: the sink closes it with one.
    for (const line of text.split("\n")) lines.add(asBefore(line));
  }
  return lines;
}

async function readText(disk: Disk, path: string, offset: number): Promise<string> {
  const size = (await disk.stat(path))?.size ?? 0;
  const from = Math.max(0, offset);
  const bytes = await disk.read(path, from, Math.min(Math.max(0, size - from), SEARCH_BYTES_MAX));
  return new TextDecoder().decode(bytes);
}

function parseHeader(line: string | undefined): Header | undefined {
  try {
    const { checkpoint, identity, size, records } = JSON.parse(line ?? "");
    const valid = checkpoint === 1 && typeof identity === "string" && Number.isSafeInteger(size) && size >= 0;
    return valid ? { checkpoint, identity, size, records } : undefined;
  } catch {
    return undefined; // Not even JSON: cut short by a loss of power.
  }
}
