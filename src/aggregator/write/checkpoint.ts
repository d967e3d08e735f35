import type { Disk, FilePosition } from "./disk.ts";
import { checkpointPathOf, isCheckpointOf, isFileOf } from "./file_names.ts";
import { asBefore } from "./record.ts";
import { STANDARD_OUTPUT } from "./standard_output.ts";
import { ForeignFile } from "../../shared/files/data_files.ts";
import type { Log } from "../../shared/log.ts";

/** What the process would lose if it were killed now. */
export interface Unfinished {
  /** Where the first record of `waiting` begins in the file, or will begin. */
  readonly position: FilePosition;
  /** Records on their way into the file. Some may be there already, from `position` on. */
  readonly waiting: readonly string[];
  /** What the open windows hold, as partial records. */
  readonly open: readonly string[];
}

interface Header extends FilePosition {
  /** The version of the format. */
  readonly checkpoint: 1;
  readonly records: number;
}

/** How many bytes after `position` a start searches for records that are in the file already. */
const SEARCH_BYTES_MAX = 64 * 1024 * 1024;
/** How many bytes at the end of each rotated file it searches for them. */
const SEARCH_BYTES_OTHERS = 1024 * 1024;

/**
 * A file with all that would be lost if the process were killed; the next start writes it to the output. Each
 * process has a checkpoint of its own and locks it while it lives, so two processes with one output (an
 * overlapping restart) leave each other's checkpoint alone. This is the text; checkpoint_slots.ts has the
 * file's layout:
 *
 *     {"checkpoint":1,"identity":"2049:131","size":4711,"records":3}     which file, where in it, how many lines follow
 *     {"timestamp":1010, …}                                              one record a line, as it is to be written
 */
export class Checkpoint {
  readonly #path: string;
  readonly #disk: Disk;
  #isSaved = false;
  #isMisleading = false;
  /** A text was saved after the last sync began. */
  #isUnsynced = false;
  #syncing: Promise<void> | undefined;

  /**
   * @param path the beginning of the file's name
   * @param id hexadecimal digits that end the name: they tell the checkpoints of several processes apart
   */
  constructor(path: string, id: string, disk: Disk) {
    this.#path = `${path}-${id}`;
    this.#disk = disk;
  }

  /**
   * Replaces the saved text in one step. Begins a sync, after which the text also survives a power failure.
   *
   * If saving fails, the old text stays. It is still useful when it only lacks the latest messages. But when
   * `closes` is true, it holds records as open windows, and a start after a kill would write both. So it is
   * removed; if that fails, too, the checkpoint is {@linkcode misleading} and no record may be written until
   * a later save succeeds.
   *
   * The error is returned, not thrown: it must not end the caller's round, which still has records to write.
   * The caller keeps it as a state, which it logs when it changes.
   *
   * @param closes some of `waiting` are records of windows that the saved text holds as open
   * @returns why saving failed; undefined: saved.
   */
  async save({ position, waiting, open }: Unfinished, closes: boolean): Promise<unknown> {
    const records = [...waiting, ...open];
    const header: Header = { checkpoint: 1, ...position, records: records.length };
    try {
      await this.#disk.replace(this.#path, [`${JSON.stringify(header)}\n`, ...records].join(""));
      this.#isSaved = true;
      this.#isMisleading = false;
      this.#isUnsynced = true;
      this.#syncing ??= this.#sync();
      return undefined;
    } catch (error) {
      this.#isMisleading ||= this.#isSaved && closes;
      if (this.#isMisleading) await this.remove().catch(() => {}); // The caller gets the first error instead.
      return error ?? new Error("unknown"); // Undefined would mean success.
    }
  }

  /**
   * Syncs in the background, so no record waits for a slow disk. If a newer text was saved meanwhile, syncs
   * again at once: if a record reached the disk long before the checkpoint that lists it, a power failure in
   * between would leave the record and an older checkpoint with its window still open, and its messages would
   * count twice.
   */
  async #sync(): Promise<void> {
    while (this.#isUnsynced) {
      this.#isUnsynced = false;
      await this.#disk.sync(this.#path).catch(() => {}); // The next save begins another sync.
    }
    this.#syncing = undefined;
  }

  /** Removes the file, because all records are in the output. */
  async remove(): Promise<void> {
    if (!this.#isSaved) return;
    await this.#disk.remove(this.#path);
    this.#isSaved = this.#isMisleading = false;
  }

  /** Whether the saved text holds windows as open that have a record by now. */
  get misleading(): boolean {
    return this.#isMisleading;
  }
}

/** The records that killed processes left unwritten. */
export interface Recovered {
  readonly lines: readonly string[];
  /** Removes the checkpoints that `lines` come from. Call it once the records are safe elsewhere. */
  forget(): Promise<void>;
}

/**
 * Collects the records in the checkpoints of dead processes. If the output is a file, leaves out the records
 * that are in it or in its rotated files already.
 */
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
  // A set, because two checkpoints can have the same records: a process may be killed during its recovery.
  const lines = new Set<string>();
  for (const path of checkpoints.sort()) {
    if (!await isTakenOver(path, disk, log)) continue;
    taken.push(path);
    if (path.endsWith(".new")) continue; // Unfinished: its process was killed while it created the file.
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
    const message =
      "a file has a checkpoint's name but was not made by this service's user: leaving it alone";
    log.warn("checkpoint_refused", message, { file: path, reason: error.message });
    return false;
  }
}

/** Returns the records of the checkpoint at `path` that are in no output file. */
async function unwritten(
  path: string,
  outPath: string,
  siblings: string[],
  disk: Disk,
  log: Log,
): Promise<string[]> {
  const text = await disk.latest(path);
  if (text === "") return []; // `remove` emptied it, because the directory did not let it be deleted.
  const [first, ...records] = text?.split(/(?<=\n)/) ?? [];
  const header = parseHeader(first);
  const isRecord = (line: string) => /^\{"timestamp":\d+, .*\}\n$/.test(line);
  if (header?.records !== records.length || !records.every(isRecord)) {
    log.warn("checkpoint_unreadable", "a checkpoint is damaged: its records are lost", { file: path });
    return [];
  }
  const written = await linesInFiles(header, outPath, siblings, disk);
  const missing = records.filter((record) => !written.has(asBefore(record.trimEnd())));
  log.warn("recovered", "the service was killed: writing the records in its checkpoint", {
    file: path,
    records: missing.length,
  });
  return missing;
}

/**
 * Returns the lines of the output file and its rotated files: all lines after `position` in the file that
 * `position` names, and those at the end of the others. All files are searched, because a rotation can come
 * before, between or after the writes of the records in question.
 */
async function linesInFiles(
  position: FilePosition,
  outPath: string,
  siblings: string[],
  disk: Disk,
): Promise<Set<string>> {
  const lines = new Set<string>();
  for (const path of siblings.filter((sibling) => isFileOf(outPath, sibling))) {
    const state = await disk.stat(path);
    if (!state || state.isStream) continue;
    // In a file that is shorter by now (truncated) the position means nothing.
    const isThatFile = state.identity === position.identity && state.size >= position.size;
    const text = await readText(disk, path, isThatFile ? position.size : state.size - SEARCH_BYTES_OTHERS);
    // The last line may be a record that lacks only its newline: the sink will add the newline.
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
    return undefined; // Not JSON: damaged.
  }
}
