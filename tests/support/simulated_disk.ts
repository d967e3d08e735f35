import type { AppendFile, Disk, FileState } from "../../src/aggregator/disk.ts";

interface SimulatedFile {
  readonly identity: string;
  text: string;
  /** The process that holds its lock. */
  holder?: SimulatedProcessDisk | undefined;
}

export type Operation = Exclude<keyof Disk, "append"> | "open" | "write" | "syncFile" | "rename";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A file system in memory that fails when it is told to, and that processes can be killed on. ASCII alone. */
export class SimulatedDisk {
  readonly #files = new Map<string, SimulatedFile>();
  #identities = 0;
  /** Bytes that all files together can hold. */
  capacity = Infinity;
  /** What every operation fails with while it is set. */
  fault: string | undefined;
  /** Called before every operation: what it returns is waited for, as for a slow disk; what it throws fails it. */
  pause: (operation: Operation, path: string) => Promise<void> | undefined = () => undefined;
  /** Operations begun and not held up by a pause, and all that were ever begun. */
  ready = 0;
  operations = 0;
  /** How many bytes of a write of so many are taken, at most. */
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

  /** How much of a write fits, or the error it fails with. */
  admit(bytes: number): number {
    this.check();
    const fits = Math.min(bytes, this.writeMax(bytes), this.room());
    if (fits <= 0 && bytes > 0) throw new Error("No space left on device (os error 28)");
    return fits;
  }

  /** Bytes that are free. */
  room(): number {
    if (this.capacity === Infinity) return Infinity;
    return this.capacity - [...this.#files.values()].reduce((sum, file) => sum + file.text.length, 0);
  }

  check(): void {
    if (this.fault !== undefined) throw new Error(this.fault);
  }
}

export class SimulatedProcessDisk implements Disk {
  readonly #disk: SimulatedDisk;
  #killed = false;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  /** The process ends between two system calls: from here on none of its calls happens, or returns. */
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
      return file && { identity: file.identity, size: file.text.length };
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
        identity: file.identity,
        size: file.text.length,
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

  async replace(path: string, text: string): Promise<void> {
    const temporary = `${path}.new`;
    await this.#call("replace", path, () => {
      // The new text is there beside the old one for a moment.
      if (this.#disk.room() < text.length) throw new Error("No space left on device (os error 28)");
      this.#disk.create(temporary, text).holder = this;
    });
    await this.#call("rename", path, () => this.#disk.rename(temporary, path));
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
    await null; // as a real one, it is done a little later
    this.#disk.ready--;
    if (this.#killed) return await new Promise<never>(() => {});
    this.#disk.check();
    return run();
  }
}
