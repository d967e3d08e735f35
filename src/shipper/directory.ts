import { basename, dirname, join } from "node:path";
import type { SourceDirectory, SourceFile, SourceState } from "./follower.ts";
import { kindOf } from "./names.ts";

/** A rotated file counts as complete when nothing was written to it for this long. */
const SETTLED_MS = 10_000;

/** Lists and opens an aggregator's file and its rotated files. */
export class FileDirectory implements SourceDirectory {
  readonly path: string;
  readonly #active: string;
  readonly #nowMs: () => number;
  #compressed: readonly string[] = [];

  /** @param file the path that the aggregator writes to; the file need not exist yet */
  constructor(file: string, nowMs: () => number = () => Date.now()) {
    this.path = dirname(file);
    this.#active = basename(file);
    this.#nowMs = nowMs;
  }

  /** Names of the compressed rotated files, which can't be read, as of the last listing. */
  get compressed(): readonly string[] {
    return this.#compressed;
  }

  /** Whether a file of this name may hold records. Others change, too: the checkpoint does all the time. */
  readonly concerns = (name: string): boolean => kindOf(name, this.#active) !== "other";

  async files(): Promise<SourceState[]> {
    const states: SourceState[] = [];
    const compressed: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.path)) {
      const kind = isDirectory ? "other" : kindOf(name, this.#active);
      if (kind === "compressed") compressed.push(name);
      if (kind !== "active" && kind !== "rotated") continue;
      const path = join(this.path, name);
      const info = await Deno.stat(path).catch(unlessNotFound);
      if (!info?.isFile) continue; // A device or a pipe has no offset to resume at.
      const changedMs = info.mtime?.getTime() ?? 0;
      states.push({
        path,
        isActive: kind === "active",
        node: nodeOf(info),
        version: `${info.size} ${changedMs}`,
        isSettled: this.#nowMs() - changedMs > SETTLED_MS,
      });
    }
    this.#compressed = compressed.sort();
    return states;
  }

  async open(path: string): Promise<SourceFile | undefined> {
    const file = await Deno.open(path, { read: true }).catch(unlessNotFound);
    if (!file) return undefined;
    try {
      return new OpenFile(file, nodeOf(await file.stat()));
    } catch (error) {
      file.close();
      throw error;
    }
  }
}

class OpenFile implements SourceFile {
  readonly node: string;
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile, node: string) {
    this.#file = file;
    this.node = node;
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  async read(offset: number, bytesMax: number): Promise<Uint8Array> {
    await this.#file.seek(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(bytesMax);
    let length = 0;
    while (length < bytesMax) {
      const read = await this.#file.read(bytes.subarray(length));
      if (read === null) break;
      length += read;
    }
    return bytes.subarray(0, length);
  }

  lock(): boolean {
    return this.#file.tryLockSync(true);
  }

  close(): void {
    this.#file.close();
  }
}

/** Identifies a file. The birth time is needed: ext4 gives a new file the inode of one just removed. */
function nodeOf({ dev, ino, birthtime }: Deno.FileInfo): string {
  return `${dev}:${ino}:${birthtime?.getTime() ?? 0}`;
}

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
