import type { AppendFile, FileState } from "../../../src/shared/files/append_file.ts";
import { FileSystem } from "../../../src/aggregator/write/disk.ts";

export type Call = "stat" | "append" | "read" | "write";

/** The real file system. A test can act right before each call, and can make writes take fewer bytes. */
export class HookedDisk extends FileSystem {
  readonly #before: (call: Call) => void;
  readonly #taken: (bytes: number) => number;

  /**
   * @param before is called right before each call reaches the file system
   * @param taken returns how many of the given bytes a write takes; by default all
   */
  constructor(before: (call: Call) => void, taken: (bytes: number) => number = (bytes) => bytes) {
    super();
    this.#before = before;
    this.#taken = taken;
  }

  override stat(path: string): Promise<FileState | undefined> {
    this.#before("stat");
    return super.stat(path);
  }

  override read(path: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    this.#before("read");
    return super.read(path, offset, bytesMax);
  }

  override async append(path: string): Promise<AppendFile> {
    this.#before("append");
    const file = await super.append(path);
    return {
      ...file,
      write: (bytes) => {
        this.#before("write");
        return file.write(bytes.subarray(0, this.#taken(bytes.length)));
      },
    };
  }
}
