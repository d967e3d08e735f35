import type { AppendFile, FileState } from "../../shared/files/append_file.ts";
import type { FilePosition, OutputDisk } from "./disk.ts";
import { lastTimestampOf, TAIL_BYTES } from "./last_timestamp.ts";
import { lastTimestampSeconds } from "./record.ts";
import type { Rotation } from "./rotation.ts";
import type { Clock } from "../aggregate/timeline.ts";
import type { Log } from "../../shared/log.ts";

export interface SinkParts {
  path: string;
  disk: OutputDisk;
  clock: Clock;
  log: Log;
  /** How many records are kept in memory while they can't be written; the oldest go first. */
  recordsWaitingMax: number;
  /** Undefined: others rename the file, if anybody does. */
  rotation?: Rotation | undefined;
}

/** Records written at once, at most: after an outage they are many. */
const LINES_A_WRITE_MAX = 512;

/**
 * The file of records: append only. A record is kept until it is in the file whole, through a full disk, a missing
 * directory or an I/O error; it goes to the file that has the path at that moment, whoever renamed, deleted or
 * truncated the one before.
 */
export class Sink {
  readonly #parts: SinkParts;
  readonly #encoder = new TextEncoder();
  /** Records not in the file yet, oldest first, newline included. */
  #waiting: string[] = [];
  /** Records in the file that a loss of power could still take. */
  #unsynced: string[] = [];
  /** The time of the last record in the file. */
  #lastSeconds: number | undefined;
  /** How many of the waiting records may go to this file at once. */
  #fits = LINES_A_WRITE_MAX;
  #rotated = false;
  /** Bytes of the first waiting record that are in the file: a write may end anywhere. */
  #begun = 0;
  /** The file ends in half a line that is not ours to complete: a newline goes before the next record. */
  #torn = false;
  #file: AppendFile | undefined;
  /** The file last written to; it stays when that is closed, to know it again. */
  #identity: string | undefined;
  /** The length of the file after the last write; when it is another, somebody else changed it. */
  #size = 0;
  #stale = false;
  #syncing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #failingSince: number | undefined;
  #written = 0;
  #lost = 0;

  constructor(parts: SinkParts) {
    this.#parts = parts;
  }

  /** The records that are not safely in the file yet. */
  get waiting(): readonly string[] {
    return [...this.#unsynced, ...this.#waiting];
  }

  /** What became of the records, since the start. */
  get counts(): {
    readonly written: number;
    readonly waiting: number;
    readonly lost: number;
    failing: boolean;
  } {
    const failing = this.#failingSince !== undefined;
    return { written: this.#written, waiting: this.#waiting.length, lost: this.#lost, failing };
  }

  /** `flush` has something to do: records to write, a file to open anew, a failure to try again. */
  get isDue(): boolean {
    return this.#waiting.length > 0 || this.#stale || this.#failingSince !== undefined;
  }

  /** Where the first of the waiting records begins, or will begin. */
  get position(): FilePosition {
    const unsyncedBytes = this.#unsynced.reduce((bytes, line) => bytes + line.length, 0);
    return { identity: this.#identity ?? "", size: this.#size - this.#begun - unsyncedBytes };
  }

  /**
   * Opens the file; returns the timestamp of the last record there is, in seconds. A pipe that nobody reads yet is no
   * mistake: records wait for its reader.
   *
   * @throws {Error} It can't be opened.
   */
  async open(): Promise<number | undefined> {
    try {
      await this.#follow();
      return await lastTimestampOf(this.#parts.path, this.#parts.disk);
    } catch (error) {
      const { path } = this.#parts;
      if (error instanceof Deno.errors.WouldBlock) return void this.#failed(error);
      throw new Error(`Cannot open ${path}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }

  /** Takes records; `flush` writes them. */
  add(lines: readonly string[]): void {
    this.#waiting.push(...lines);
    const tooMany = this.#waiting.length - this.#parts.recordsWaitingMax;
    if (tooMany <= 0) return;
    // Those that a write has begun, or may hold at this moment, stay: they will be completed.
    const inStream = this.#file?.isStream ? 1 : 0; // StandardOutput may still be at it.
    const begun = this.#flushing ? LINES_A_WRITE_MAX : Math.min(1, this.#begun + inStream);
    const lost = this.#waiting.splice(begun, tooMany).length;
    this.#lost += lost;
    this.#parts.log.error("records_lost", "more records wait for the file than memory is kept for", { lost });
  }

  /**
   * Writes what waits; resolves when it is in the file, or when that failed: try again a second later. Between two
   * writes it leaves the rest for another time when `isInterrupted`.
   */
  flush(isInterrupted: () => boolean = () => false): Promise<void> {
    return this.#flushing ??= this.#flushAll(isInterrupted);
  }

  /** Makes `flush` open the file anew, and make it if it is missing: for SIGHUP. */
  reopen(): void {
    this.#stale = true;
  }

  /** Returns when every record in the file would survive a loss of power, or that can't be had. */
  async synced(): Promise<void> {
    while (this.#syncing) await this.#syncing;
  }

  /** Closes the file; what still waits is for the caller to save. */
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
        if (this.#waiting.length > 0 && !await this.#rotates()) await this.#writeSome();
        if (isInterrupted()) return;
      } while (this.#waiting.length > 0 || this.#stale);
      this.#recovered();
    } catch (error) {
      this.#failed(error);
    } finally {
      // Here and not in a later microtask: what is added from now on needs a flush of its own.
      this.#flushing = undefined;
    }
  }

  /** Whether the file was rotated, so that the next record goes to another one. */
  async #rotates(): Promise<boolean> {
    const { rotation } = this.#parts;
    if (!rotation || this.#file!.isStream) return false;
    if (this.#begun > 0) this.#fits = 1; // It is completed first.
    else this.#fits = rotation.fits(this.#waiting.slice(0, LINES_A_WRITE_MAX), this.#size, this.#lastSeconds);
    if (this.#fits > 0) return false;
    const lastSeconds = this.#lastSeconds ?? lastTimestampSeconds(this.#waiting[0]!) ?? 0;
    if (await rotation.rotate(lastSeconds)) return this.#stale = this.#rotated = true;
    this.#fits = LINES_A_WRITE_MAX;
    return false;
  }

  /** One write. It may end within a record: the rest of that is written next, and nothing twice. */
  async #writeSome(): Promise<void> {
    const file = this.#file!;
    // A pipe takes a record whole, or not at all (PIPE_BUF, pipe(7)).
    const lines = this.#waiting.slice(0, file.isStream ? 1 : this.#fits);
    const prefix = this.#torn ? "\n" : "";
    const bytes = this.#encoder.encode(prefix + lines.join("")).subarray(this.#begun);
    let written = await file.write(bytes);
    if (written === 0) throw new Error("the system took no byte of a write");
    this.#size += written;
    if (this.#torn) written--;
    this.#torn = false;
    written += this.#begun;
    let whole = 0;
    // Records are ASCII: their length in characters is that in bytes.
    while (whole < lines.length && written >= lines[whole]!.length) written -= lines[whole++]!.length;
    this.#begun = written;
    this.#written += whole;
    this.#unsynced.push(...this.#waiting.splice(0, whole));
    if (whole > 0) this.#lastSeconds = lastTimestampSeconds(lines[whole - 1]!) ?? this.#lastSeconds;
    this.#sync(file);
  }

  /** Not waited for: the next record shall not wait for a slow disk. Until then a checkpoint knows the records. */
  #sync(file: AppendFile): void {
    if (this.#syncing) return;
    const records = this.#unsynced.length;
    this.#syncing = file.sync().catch(() => {}) // The file was closed, or it has no disk below it: a pipe.
      .then(() => {
        this.#unsynced.splice(0, records);
        this.#syncing = undefined;
        if (this.#unsynced.length > 0) this.#sync(file);
      });
  }

  /** Makes sure that the open file is the one at the path, and knows how it ends. */
  async #follow(): Promise<void> {
    const { disk, path, log } = this.#parts;
    const there = await disk.stat(path);
    if (this.#file && !this.#stale && there?.identity === this.#file.identity) {
      if (!there.isStream && there.size !== this.#size) await this.#lookAtEnd(there);
      return;
    }
    await this.synced();
    this.#file?.close();
    this.#file = undefined;
    this.#file = await disk.append(path);
    this.#stale = false;
    const { identity, size } = this.#file;
    const before = this.#identity;
    if (identity !== before || size !== this.#size) await this.#lookAtEnd(this.#file);
    if (before !== undefined && before !== identity && !this.#rotated) {
      log.info("reopened", "the file is a new one", { file: path });
    }
    this.#rotated = false;
  }

  /** It is another file, or somebody else wrote to it or cut it: a record begun is begun again. */
  async #lookAtEnd({ identity, size, isStream }: FileState): Promise<void> {
    const { path, log } = this.#parts;
    await this.synced(); // Their place is told from the end of the file before.
    const tail = isStream ? new Uint8Array(0) : await this.#tail(size);
    // In the file before, the record begun lacks its newline alone: whoever reads that file finds it.
    const isRead = identity !== this.#identity && this.#begun === (this.#waiting[0]?.length ?? 0) - 1;
    if (isRead) {
      this.#waiting.shift();
      this.#written++;
    }
    this.#identity = identity;
    this.#size = size;
    this.#begun = 0;
    this.#lastSeconds = lastTimestampSeconds(new TextDecoder().decode(tail));
    this.#torn = tail.length > 0 && tail.at(-1) !== 0x0a;
    if (this.#torn) {
      log.warn("torn_line", "the file ends in half a line: a newline closes it", { file: path });
    }
  }

  #tail(size: number): Promise<Uint8Array> {
    const { disk, path } = this.#parts;
    return disk.read(path, Math.max(0, size - TAIL_BYTES), TAIL_BYTES);
  }

  #failed(error: unknown): void {
    const { log, clock, path } = this.#parts;
    if (!(error instanceof Deno.errors.WouldBlock)) {
      this.#file?.close();
      this.#file = undefined;
    }
    if (this.#failingSince === undefined) {
      this.#failingSince = clock.monotonicMs();
      const reason = error instanceof Error ? error.message : String(error);
      log.error("sink_failing", "records wait in memory and are tried again every second", {
        file: path,
        reason,
      });
    }
  }

  #recovered(): void {
    if (this.#failingSince === undefined) return;
    const { log, clock, path } = this.#parts;
    const seconds = Math.round((clock.monotonicMs() - this.#failingSince) / 1000);
    this.#failingSince = undefined;
    log.info("sink_recovered", "every record that waited is in the file", { file: path, seconds });
  }
}
