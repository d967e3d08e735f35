import { createBeside, FILE_MODE, writeAll } from "../../shared/files/data_files.ts";
import { capacityFor, encodeSlot, SLOTS } from "./checkpoint_slots.ts";

/** Identity and length of a file, from `Deno.stat`. */
type Info = Pick<Deno.FileInfo, "dev" | "ino" | "size">;

/**
 * A file whose text is replaced in place, each time in another slot (checkpoint_slots.ts). It is locked
 * (flock(2)) while it is open.
 *
 * Measured once: with a new file for every replacement, records waited for 190 to 400 ms on a busy disk,
 * because ext4 flushes a file that is renamed over another. Closing the old file blocked its thread for 4 ms.
 */
export class SlottedFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /**
   * A second descriptor: Deno runs the operations of one descriptor in turn, so writes would wait for syncs.
   */
  readonly #toSync: Deno.FsFile;
  readonly #info: Info;
  #sequence = 1;
  /** The slot with the newest text. */
  #latest = 0;
  /** The slot with the newest text that is synced; undefined before the first sync. */
  #synced: number | undefined;
  /** The slot with the text that the sync under way makes safe; undefined: no sync is under way. */
  #syncing: number | undefined;
  /** Writing here makes no sense any more: the file has failed, or is no longer at its path. */
  #isLost = false;

  private constructor(path: string, file: Deno.FsFile, toSync: Deno.FsFile, info: Info) {
    this.#path = path;
    this.#file = file;
    this.#toSync = toSync;
    this.#info = info;
  }

  /** Creates the file with all its slots, and puts it at `path` in one step. */
  static async create(path: string, text: string, mode = FILE_MODE): Promise<SlottedFile> {
    const { file, name: temporary } = await createBeside(path, mode);
    let toSync: Deno.FsFile | undefined;
    try {
      await file.lock(true);
      const slot = encodeSlot({ sequence: 1, text });
      const blank = new Uint8Array(capacityFor(slot.length)).fill(0x20);
      await writeAll(file, slot);
      // All slots are written now, not left as holes: a disk that is full later then does not stop a write.
      await writeAll(file, blank.subarray(slot.length));
      for (let i = 1; i < SLOTS; i++) await writeAll(file, blank);
      toSync = await Deno.open(temporary, { read: true });
      const slotted = new SlottedFile(path, file, toSync, await file.stat());
      await Deno.rename(temporary, path);
      return slotted;
    } catch (error) {
      file.close();
      toSync?.close();
      await Deno.remove(temporary).catch(() => {}); // The caller gets the first error instead.
      throw error;
    }
  }

  /**
   * Replaces the text with one write. After a kill a reader finds either the old text or the new one.
   *
   * @returns false if a new file is needed: this one is too small, fails, or is no longer at its path.
   */
  async write(text: string): Promise<boolean> {
    const capacity = this.#info.size / SLOTS;
    // The number is used up even if the write fails: the slot may be complete, and numbers must differ.
    const bytes = encodeSlot({ sequence: ++this.#sequence, text });
    if (this.#isLost || bytes.length > capacity) return false;
    const taken = [this.#latest, this.#synced, this.#syncing];
    let slot = 0;
    while (taken.includes(slot)) slot++;
    try {
      this.#file.seekSync(slot * capacity, Deno.SeekMode.Start);
      await writeAll(this.#file, bytes);
      this.#latest = slot;
    } catch {
      this.#isLost = true; // The caller creates a new file; if that fails, too, its error is reported.
    }
    return !this.#isLost;
  }

  /**
   * Returns when the newest text would survive a power failure (fdatasync(2)). Then checks whether the file
   * is still at its path, because no start would find the text in a deleted or moved file; the check is here
   * because no record waits for a sync. Call it once at a time.
   */
  async sync(): Promise<void> {
    const slot = this.#syncing = this.#latest;
    try {
      await this.#toSync.syncData();
      this.#synced = slot;
      const there = await Deno.stat(this.#path);
      const { dev, ino, size } = this.#info;
      this.#isLost ||= there.dev !== dev || there.ino !== ino || there.size !== size;
    } catch (error) {
      this.#isLost = true; // After a failed sync this data may never reach the disk; a new file can.
      throw error;
    } finally {
      this.#syncing = undefined;
    }
  }

  async truncate(): Promise<void> {
    await this.#file.truncate(0);
  }

  close(): void {
    this.#file.close();
    this.#toSync.close();
  }
}
