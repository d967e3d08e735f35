import { createBeside, FILE_MODE, writeAll } from "../../shared/files/data_files.ts";
import { capacityFor, encodeSlot, SLOTS } from "./checkpoint_slots.ts";

/** Which file, and how long: as `Deno.stat` tells it. */
type Info = Pick<Deno.FileInfo, "dev" | "ino" | "size">;

/**
 * A file whose text is renewed in place, slot after slot; locked (flock(2)) while it is open. A new file for every
 * renewal kept records waiting for 190 to 400 ms on a busy disk (ext4 writes a file out that is renamed over another),
 * and to close the old one took 4 ms of the thread that closed it.
 */
export class SlottedFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** The same file once more: Deno does what is asked of one open file in turn, and no record waits for a disk. */
  readonly #toSync: Deno.FsFile;
  readonly #info: Info;
  #sequence = 1;
  /** The slot with the text. */
  #latest = 0;
  /** One that would survive a loss of power, and one that is about to. */
  #safe: number | undefined;
  #syncing: number | undefined;
  #isLost = false;

  private constructor(path: string, file: Deno.FsFile, toSync: Deno.FsFile, info: Info) {
    this.#path = path;
    this.#file = file;
    this.#toSync = toSync;
    this.#info = info;
  }

  /** Makes the file, every byte of it, and puts it at `path` as one step. */
  static async create(path: string, text: string, mode = FILE_MODE): Promise<SlottedFile> {
    const { file, name: temporary } = await createBeside(path, mode);
    let toSync: Deno.FsFile | undefined;
    try {
      await file.lock(true);
      const slot = encodeSlot({ sequence: 1, text });
      const blank = new Uint8Array(capacityFor(slot.length)).fill(0x20);
      await writeAll(file, slot);
      // Not left to be a hole: a disk that is full later does not stop a renewal.
      await writeAll(file, blank.subarray(slot.length));
      for (let i = 1; i < SLOTS; i++) await writeAll(file, blank);
      toSync = await Deno.open(temporary, { read: true });
      const slotted = new SlottedFile(path, file, toSync, await file.stat());
      await Deno.rename(temporary, path);
      return slotted;
    } catch (error) {
      file.close();
      toSync?.close();
      await Deno.remove(temporary).catch(() => {}); // What counts is told: why it could not be made.
      throw error;
    }
  }

  /**
   * Renews the text with one write; a reader finds the old one or the new one.
   *
   * @returns false when it takes another file: this one is too small, fails, or is no longer at its path.
   */
  async write(text: string): Promise<boolean> {
    const capacity = this.#info.size / SLOTS;
    // Counted up even if it fails: the slot may be whole nevertheless, and no two may have the same.
    const bytes = encodeSlot({ sequence: ++this.#sequence, text });
    if (this.#isLost || bytes.length > capacity) return false;
    const kept = [this.#latest, this.#safe, this.#syncing];
    let slot = 0;
    while (kept.includes(slot)) slot++;
    try {
      this.#file.seekSync(slot * capacity, Deno.SeekMode.Start);
      await writeAll(this.#file, bytes);
      this.#latest = slot;
    } catch {
      this.#isLost = true; // Should a new file fail, too, then that is told.
    }
    return !this.#isLost;
  }

  /**
   * Returns when the text would survive a loss of power (fdatasync(2)). Also looks, here where no record waits for it,
   * whether the file still has its path: what is written to one that was deleted or moved, nobody would find.
   * One at a time.
   */
  async sync(): Promise<void> {
    const slot = this.#syncing = this.#latest;
    try {
      await this.#toSync.syncData();
      this.#safe = slot;
      const there = await Deno.stat(this.#path);
      const { dev, ino, size } = this.#info;
      this.#isLost ||= there.dev !== dev || there.ino !== ino || there.size !== size;
    } catch (error) {
      this.#isLost = true; // What the disk did not take once, it may never take.
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
