import type { AppendFile, FileState } from "../../../src/shared/files/append_file.ts";
import type { Disk } from "../../../src/aggregator/write/disk.ts";

interface SimulatedFile {
  readonly identity: string;
  text: string;
  /** The process that holds its lock. */
  holder?: SimulatedProcessDisk | undefined;
  /** How long its text may get in place. The file takes this much space. */
  slotBytes?: number;
  /** The file is a pipe, whose bytes can't be read back. */
  isStream?: boolean;
  /** No slot of the file is whole. */
  damaged?: boolean;
}

export type Operation = Exclude<keyof Disk, "append"> | "open" | "write" | "syncFile" | "rename";

/** The smallest slot. For longer texts the slot is doubled until the text fits. */
const SLOT_BYTES = 512;

const stateOf = ({ identity, text, isStream = false }: SimulatedFile): FileState => ({
  identity,
  size: isStream ? 0 : text.length,
  isStream,
});

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A file system in memory. It can be full, slow or failing, and processes on it can be killed. ASCII only.
 */
export class SimulatedDisk {
  readonly #files = new Map<string, SimulatedFile>();
  #identities = 0;
  /** Bytes that all files together can hold. */
  capacity = Infinity;
  /** While set, every operation fails with this message. */
  fault: string | undefined;
  /** Called before every operation. A promise delays the operation; an error makes it fail. */
  pause: (operation: Operation, path: string) => Promise<void> | undefined = () => undefined;
  /** How many operations are under way and not delayed by `pause`. */
  ready = 0;
  /** How many operations have begun so far. */
  operations = 0;
  /** Called when a process has renamed a file. */
  renamed: (from: string, to: string) => void = () => {};
  /** Returns how many of a write's bytes are taken, at most. */
  writeMax: (bytes: number) => number = () => Infinity;

  /** The file system as one process sees it. */
  process(): SimulatedProcessDisk {
    return new SimulatedProcessDisk(this);
  }

  text(path: string): string {
    return this.#files.get(path)?.text ?? "";
  }

  paths(): string[] {
    return [...this.#files.keys()];
  }

  find(path: string): SimulatedFile | undefined {
    return this.#files.get(path);
  }

  create(path: string, text = ""): SimulatedFile {
    const file = { identity: `1:${++this.#identities}`, text };
    this.#files.set(path, file);
    return file;
  }

  /** Returns a name like the real one of a file that will replace the file at `path`. */
  unfinishedPath(path: string): string {
    return `${path}.${(++this.#identities).toString(16).padStart(8, "0")}.new`;
  }

  put(path: string, file: SimulatedFile): void {
    this.#files.set(path, file);
  }

  rename(from: string, to: string): void {
    this.put(to, this.#files.get(from)!);
    this.#files.delete(from);
  }

  remove(path: string): void {
    if (!this.#files.delete(path)) throw new Deno.errors.NotFound(`No such file: ${path}`);
  }

  truncate(path: string, size: number): void {
    const file = this.#files.get(path);
    if (file) file.text = file.text.slice(0, size);
  }

  /** Returns how many bytes of a write fit. @throws {Error} The write fails. */
  admit(bytes: number): number {
    this.check();
    const fits = Math.min(bytes, this.writeMax(bytes), this.room());
    if (fits <= 0 && bytes > 0) throw new Error("No space left on device (os error 28)");
    return fits;
  }

  /** Bytes that all files together take. */
  get used(): number {
    const used = ({ slotBytes = 0, text }: SimulatedFile) => Math.max(slotBytes, text.length);
    return [...this.#files.values()].reduce((sum, file) => sum + used(file), 0);
  }

  /** Bytes that are free. */
  room(): number {
    return this.capacity === Infinity ? Infinity : this.capacity - this.used;
  }

  check(): void {
    if (this.fault !== undefined) throw new Error(this.fault);
  }
}

/** The simulated disk as one process sees it. */
export class SimulatedProcessDisk implements Disk {
  readonly #disk: SimulatedDisk;
  #killed = false;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  /** Ends the process between two system calls: from now on its calls have no effect and never return. */
  kill(): void {
    this.#killed = true;
    for (const path of this.#disk.paths()) {
      const file = this.#disk.find(path)!;
      if (file.holder === this) file.holder = undefined;
    }
  }

  stat(path: string): Promise<FileState | undefined> {
    return this.#call("stat", path, () => {
      const file = this.#disk.find(path);
      return file && stateOf(file);
    });
  }

  append(path: string): Promise<AppendFile> {
    return this.#call("open", path, () => {
      const file = this.#disk.find(path) ?? this.#disk.create(path);
      let open = true;
      const call = <T>(operation: Operation, run: () => T) =>
        this.#call(operation, path, () => {
          if (!open) throw new Deno.errors.BadResource("The file is closed");
          return run();
        });
      return {
        ...stateOf(file),
        write: (bytes) =>
          call("write", () => {
            const taken = this.#disk.admit(bytes.length);
            file.text += decoder.decode(bytes.subarray(0, taken));
            return taken;
          }),
        sync: () => call("syncFile", () => {}),
        close: () => void (open = false),
      };
    });
  }

  read(path: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    return this.#call(
      "read",
      path,
      () => encoder.encode(this.#disk.text(path).slice(offset, offset + bytesMax)),
    );
  }

  siblings(path: string): Promise<string[]> {
    return this.#call("siblings", path, () => this.#disk.paths());
  }

  /** Renews the text in place, or else makes a new file beside it and renames that. */
  async replace(path: string, text: string): Promise<void> {
    const held = this.#disk.find(path);
    if (held?.holder === this && text.length <= (held.slotBytes ?? 0)) {
      const inPlace = this.#call("replace", path, () => held.text = text);
      if (await inPlace.then(() => true, () => false)) return;
      held.slotBytes = 0;
    }
    const temporary = this.#disk.unfinishedPath(path);
    await this.#call("replace", temporary, () => {
      let slotBytes = SLOT_BYTES;
      while (slotBytes < text.length) slotBytes *= 2;
      // The disk must hold the new file beside the old one for a moment.
      if (this.#disk.room() < slotBytes) throw new Error("No space left on device (os error 28)");
      Object.assign(this.#disk.create(temporary, text), { holder: this, slotBytes });
    });
    try {
      await this.#call("rename", path, () => this.#disk.rename(temporary, path));
    } catch (error) {
      this.#disk.remove(temporary);
      throw error;
    }
  }

  renameToNew(path: string, to: string): Promise<void> {
    return this.#call("renameToNew", path, () => {
      if (this.#disk.find(to)) throw new Deno.errors.AlreadyExists(`File exists: ${to}`);
      if (!this.#disk.find(path)) throw new Deno.errors.NotFound(`No such file: ${path}`);
      this.#disk.rename(path, to);
      this.#disk.renamed(path, to);
    });
  }

  latest(path: string): Promise<string | undefined> {
    return this.#call("latest", path, () => {
      const file = this.#disk.find(path);
      return file?.damaged ? undefined : file?.text ?? "";
    });
  }

  sync(path: string): Promise<void> {
    return this.#call("sync", path, () => {});
  }

  takeOver(path: string): Promise<boolean> {
    return this.#call("takeOver", path, () => {
      const file = this.#disk.find(path);
      if (!file) return false;
      if (file.holder !== undefined && file.holder !== this) return false;
      file.holder = this;
      return true;
    });
  }

  remove(path: string): Promise<void> {
    return this.#call("remove", path, () => {
      if (this.#disk.find(path)) this.#disk.remove(path);
    });
  }

  async #call<T>(operation: Operation, path: string, run: () => T): Promise<T> {
    this.#disk.operations++;
    await this.#disk.pause(operation, path);
    this.#disk.ready++;
    await null; // Like a real operation, it takes effect a little later.
    this.#disk.ready--;
    if (this.#killed) return await new Promise<never>(() => {});
    this.#disk.check();
    return run();
  }
}
