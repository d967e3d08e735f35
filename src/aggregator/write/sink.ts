import type { AppendFile, FileState } from "../../shared/files/append_file.ts";
import type { FilePosition, OutputDisk } from "./disk.ts";
import { endOf, type FileEnd, lastTimestampOf } from "./last_timestamp.ts";
import { lastTimestampSeconds } from "./record.ts";
import type { Rotation } from "./rotation.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Log } from "../../shared/log.ts";
import { messageOf } from "../../shared/error_message.ts";

export interface SinkParts {
  path: string;
  disk: OutputDisk;
  clock: Clock;
  log: Log;
  /**
   * How many records may wait in memory while the file can't be written. Beyond that the oldest are dropped.
   */
  recordsWaitingMax: number;
  /** Undefined: the service does not rotate the file. Other programs may. */
  rotation?: Rotation | undefined;
}

/** The most records in one write: after an outage many of them wait. */
const LINES_A_WRITE_MAX = 512;

/**
 * Appends records to the output file. The sink keeps each record in memory until the whole record is in the
 * file: through a full disk, a missing directory or an I/O error. Before every write it looks which file is
 * at the path, so records go to the right file after a program has renamed, deleted or truncated it. Only the
 * checkpoint survives a kill.
 *
 * A record is first in `#waiting`, then in `#unsynced`, then safe from a power failure.
 */
export class Sink {
  readonly #parts: SinkParts;
  readonly #encoder = new TextEncoder();
  /** Records that are not (wholly) in the file yet, oldest first, newline included. */
  #waiting: string[] = [];
  /** Records in the file that a power failure could still destroy. */
  #unsynced: string[] = [];
  /** The open file; undefined before the first open and after a failure. */
  #file: AppendFile | undefined;
  /** The end of the file opened last. It is kept when the file is closed, to recognize the file later. */
  #end: FileEnd = { identity: undefined, size: 0, partBytes: 0, isTorn: false, lastSeconds: undefined };
  /** How many of the waiting records may go into this file with the next write; 0: rotate first. */
  #linesAllowed = LINES_A_WRITE_MAX;
  /** The next flush opens the file again: after SIGHUP or a rotation. */
  #mustReopen = false;
  /** The next new file comes from our own rotation, which was logged already. */
  #hasRotated = false;
  /** The sync under way, and the flush under way. */
  #syncing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  /** When the file began to fail, by the monotonic clock; undefined while it works. */
  #failingSince: number | undefined;
  #written = 0;
  #lost = 0;

  constructor(parts: SinkParts) {
    this.#parts = parts;
  }

  /** The records that a power failure could still destroy: not yet in the file, or not yet synced. */
  get waiting(): readonly string[] {
    return [...this.#unsynced, ...this.#waiting];
  }

  /** Records since the start: written to the file, waiting, and dropped because too many waited. */
  get counts(): {
    readonly written: number;
    readonly waiting: number;
    readonly lost: number;
    failing: boolean;
  } {
    const failing = this.#failingSince !== undefined;
    return { written: this.#written, waiting: this.#waiting.length, lost: this.#lost, failing };
  }

  /** Whether `flush` has work: records to write, a file to reopen, or a failure to retry. */
  get isDue(): boolean {
    return this.#waiting.length > 0 || this.#mustReopen || this.#failingSince !== undefined;
  }

  /** Where in the file the first record of {@linkcode waiting} begins, or will begin. */
  get position(): FilePosition {
    const { identity = "", size, partBytes } = this.#end;
    const unsyncedBytes = this.#unsynced.reduce((bytes, line) => bytes + line.length, 0);
    return { identity, size: size - partBytes - unsyncedBytes };
  }

  /**
   * Opens the file. A pipe without a reader is no error: the records wait until there is one.
   *
   * @returns the timestamp of the last record in the file, in seconds; undefined if there is none.
   * @throws {Error} The file can't be opened.
   */
  async open(): Promise<number | undefined> {
    try {
      await this.#follow();
      return await lastTimestampOf(this.#parts.path, this.#parts.disk);
    } catch (error) {
      const { path } = this.#parts;
      if (error instanceof Deno.errors.WouldBlock) return void this.#failed(error);
      throw new Error(`Cannot open ${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Queues records; `flush` writes them. If too many wait, the oldest are dropped and that is logged. */
  add(lines: readonly string[]): void {
    this.#waiting.push(...lines);
    const tooMany = this.#waiting.length - this.#parts.recordsWaitingMax;
    if (tooMany <= 0) return;
    // Records that a write has begun stay, so that their lines become complete. A flush may be writing up to
    // LINES_A_WRITE_MAX of them right now; StandardOutput may still be writing one after its flush has ended.
    const inStream = this.#file?.isStream ? 1 : 0;
    const begun = this.#flushing ? LINES_A_WRITE_MAX : Math.min(1, this.#end.partBytes + inStream);
    const lost = this.#waiting.splice(begun, tooMany).length;
    this.#lost += lost;
    this.#parts.log.error("records_lost", "too many records wait for the file: dropped the oldest", { lost });
  }

  /**
   * Writes the waiting records. Resolves when all of them are in the file, or after a failure, which the
   * caller should retry a second later.
   *
   * @param isInterrupted asked between two writes; true leaves the remaining records for the next flush
   */
  flush(isInterrupted: () => boolean = () => false): Promise<void> {
    return this.#flushing ??= this.#flushAll(isInterrupted);
  }

  /** Makes the next `flush` open the file again, and create it if it is missing: for SIGHUP. */
  reopen(): void {
    this.#mustReopen = true;
  }

  /** Returns when all records in the file would survive a power failure, or when syncing them has failed. */
  async synced(): Promise<void> {
    while (this.#syncing) await this.#syncing;
  }

  /** Closes the file. The caller has to save the records that still wait. */
  async close(): Promise<void> {
    await this.#flushing;
    await this.synced();
    this.#file?.close();
    this.#file = undefined;
  }

  async #flushAll(isInterrupted: () => boolean): Promise<void> {
    try {
      do {
        await this.#follow();
        if (this.#waiting.length > 0 && !await this.#rotateIfDue()) await this.#writeSome();
        if (isInterrupted()) return;
      } while (this.#waiting.length > 0 || this.#mustReopen);
      this.#recovered();
    } catch (error) {
      this.#failed(error);
    } finally {
      // In the same microtask as the check above: records added later must begin a flush of their own.
      this.#flushing = undefined;
    }
  }

  /** Rotates the file if the next record does not belong into it. True: the record goes to a new file. */
  async #rotateIfDue(): Promise<boolean> {
    const { rotation } = this.#parts;
    const { partBytes, size, lastSeconds } = this.#end;
    if (!rotation || this.#file!.isStream) return false;
    if (partBytes > 0) this.#linesAllowed = 1; // The incomplete record is completed in the old file first.
    else this.#linesAllowed = rotation.fits(this.#waiting.slice(0, LINES_A_WRITE_MAX), size, lastSeconds);
    if (this.#linesAllowed > 0) return false;
    if (await rotation.rotate(lastSeconds ?? lastTimestampSeconds(this.#waiting[0]!) ?? 0)) {
      return this.#mustReopen = this.#hasRotated = true;
    }
    this.#linesAllowed = LINES_A_WRITE_MAX; // The rotation failed: keep writing to the old file.
    return false;
  }

  /**
   * Makes one write call. The kernel may take only a part of the bytes, and stop within a record: `partBytes`
   * then says where in the first waiting record the next write begins.
   */
  async #writeSome(): Promise<void> {
    const [file, end] = [this.#file!, this.#end];
    // One record a write to a pipe: the pipe takes it whole or not at all (PIPE_BUF, pipe(7)).
    const lines = this.#waiting.slice(0, file.isStream ? 1 : this.#linesAllowed);
    const prefix = end.isTorn ? "\n" : ""; // A torn end is not ours, so `partBytes` is 0 there.
    const bytes = this.#encoder.encode(prefix + lines.join("")).subarray(end.partBytes);
    const taken = await file.write(bytes);
    if (taken === 0) throw new Error("the system took no byte of a write");
    const linesBytes = end.partBytes + taken - prefix.length; // How much of `lines` is in the file now.
    // Records are ASCII: their length in characters is their length in bytes.
    let [wholeLines, wholeBytes] = [0, 0];
    while (wholeLines < lines.length && wholeBytes + lines[wholeLines]!.length <= linesBytes) {
      wholeBytes += lines[wholeLines++]!.length;
    }
    end.size += taken;
    end.isTorn = false;
    end.partBytes = linesBytes - wholeBytes;
    if (wholeLines > 0) end.lastSeconds = lastTimestampSeconds(lines[wholeLines - 1]!) ?? end.lastSeconds;
    this.#written += wholeLines;
    this.#unsynced.push(...this.#waiting.splice(0, wholeLines));
    this.#sync(file);
  }

  /**
   * Begins a sync. Nothing waits for it, so a slow disk delays no record: the checkpoint has them meanwhile.
   */
  #sync(file: AppendFile): void {
    if (this.#syncing) return;
    const records = this.#unsynced.length;
    this.#syncing = file.sync().catch(() => {}) // The file was closed, or it is a pipe.
      .then(() => {
        this.#unsynced.splice(0, records);
        this.#syncing = undefined;
        if (this.#unsynced.length > 0) this.#sync(file);
      });
  }

  /** Makes sure that the open file is the one at the path, and that `#end` describes how it ends now. */
  async #follow(): Promise<void> {
    const { disk, path, log } = this.#parts;
    const there = await disk.stat(path);
    if (this.#file && !this.#mustReopen && there?.identity === this.#file.identity) {
      if (!there.isStream && there.size !== this.#end.size) await this.#readEnd(there);
      return;
    }
    await this.synced();
    this.#file?.close();
    this.#file = undefined;
    this.#file = await disk.append(path);
    this.#mustReopen = false;
    const { identity, size } = this.#file;
    const before = this.#end;
    if (identity !== before.identity || size !== before.size) await this.#readEnd(this.#file);
    if (before.identity !== undefined && before.identity !== identity && !this.#hasRotated) {
      log.info("reopened", "another file is at the path: records go there", { file: path });
    }
    this.#hasRotated = false;
  }

  /**
   * Reads the end of a file that is new to the sink, or that another program has cut or appended to. A record
   * that was written in part is written again as a whole.
   */
  async #readEnd(state: FileState): Promise<void> {
    const { disk, path, log } = this.#parts;
    await this.synced(); // `position` counts unsynced records back from the old end, so none may be left.
    const [old, end] = [this.#end, await endOf(disk, path, state)];
    // Exception: a record that lacks only its newline in the previous file is not written again to this one.
    // Every reader of that file takes the line for a whole record, so it would count twice.
    const lacksNewlineOnly = this.#waiting.length > 0 && old.partBytes === this.#waiting[0]!.length - 1;
    if (end.identity !== old.identity && lacksNewlineOnly) {
      this.#waiting.shift();
      this.#written++;
    }
    this.#end = end;
    if (end.isTorn) {
      log.warn("torn_line", "the file ends in an incomplete line: closing it with a newline", { file: path });
    }
  }

  #failed(error: unknown): void {
    const { log, clock, path } = this.#parts;
    if (!(error instanceof Deno.errors.WouldBlock)) {
      this.#file?.close();
      this.#file = undefined;
    }
    if (this.#failingSince === undefined) {
      this.#failingSince = clock.monotonicMs();
      log.error("sink_failing", "cannot write records: they wait in memory, with a retry every second", {
        file: path,
        reason: messageOf(error),
      });
    }
  }

  #recovered(): void {
    if (this.#failingSince === undefined) return;
    const { log, clock, path } = this.#parts;
    const seconds = Math.round((clock.monotonicMs() - this.#failingSince) / 1000);
    this.#failingSince = undefined;
    log.info("sink_recovered", "the file works again: all records are written", { file: path, seconds });
  }
}
