/**
 * Simulates a directory with an aggregator's file, and the database that its records are shipped to. A test
 * can rotate or truncate the file and make the database fail at any moment.
 *
 * @module
 */
import type {
  Batch,
  Destination,
  SourceDirectory,
  SourceFile,
  SourceState,
} from "../../src/shipper/follower.ts";
import type { Position } from "../../src/shipper/position.ts";

const ACTIVE = "metrics.jsonl";

class Inode {
  bytes = new Uint8Array(0);
  writes = 0;
  constructor(readonly node: string) {}
}

export class SimulatedSource implements SourceDirectory {
  readonly #files = new Map<string, Inode>();
  readonly #seen = new Map<string, number>();
  #inodes = 0;
  /** Called before every system call. */
  before: () => void = () => {};
  opened = 0;

  get names(): string[] {
    return [...this.#files.keys()];
  }

  append(text: string, name = ACTIVE): void {
    const inode = this.#files.get(name) ?? new Inode(String(++this.#inodes));
    this.#files.set(name, inode);
    inode.bytes = new Uint8Array([...inode.bytes, ...new TextEncoder().encode(text)]);
    inode.writes++;
  }

  rename(from: string, to: string): void {
    const inode = this.#files.get(from);
    if (!inode) return;
    this.#files.delete(from);
    this.#files.set(to, inode);
  }

  /** Renames the rotated files to the next number, as logrotate does. */
  shift(): void {
    const numbers = this.names.map((name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)).sort((a, b) => b - a);
    for (const number of numbers.filter((each) => each > 0)) {
      this.rename(`${ACTIVE}.${number}`, `${ACTIVE}.${number + 1}`);
    }
  }

  /** Copies the active file, or its first `bytes` bytes: a copy longer than a buffer is written in steps. */
  copy(to: string, bytes?: number): void {
    const inode = this.#files.get(ACTIVE);
    if (!inode) return;
    const copy = this.#files.get(to) ?? new Inode(String(++this.#inodes));
    copy.bytes = inode.bytes.slice(0, bytes);
    copy.writes++;
    this.#files.set(to, copy);
  }

  cut(bytes: number): void {
    const inode = this.#files.get(ACTIVE);
    if (!inode) return;
    inode.bytes = inode.bytes.slice(0, bytes);
    inode.writes++;
  }

  /** Restores the active file to its state with one line. */
  restore(): void {
    this.cut((this.#files.get(ACTIVE)?.bytes.indexOf(0x0a) ?? -1) + 1);
  }

  /** Removes a file. The next file has another `node`, as on ext4, where only the birth time may differ. */
  remove(name = ACTIVE): void {
    this.#files.delete(name);
  }

  size(name = ACTIVE): number {
    return this.#files.get(name)?.bytes.length ?? 0;
  }

  files(): Promise<SourceState[]> {
    this.before();
    return Promise.resolve([...this.#files].map(([path, { node, writes }]) => ({
      path,
      node,
      isActive: path === ACTIVE,
      version: String(writes),
      isSettled: this.#isSettled(path, writes),
    })));
  }

  /** Whether the file was not written to since the last call of `files`. */
  #isSettled(path: string, writes: number): boolean {
    const isSettled = this.#seen.get(path) === writes;
    this.#seen.set(path, writes);
    return isSettled;
  }

  open(path: string): Promise<SourceFile | undefined> {
    this.before();
    const inode = this.#files.get(path);
    if (!inode) return Promise.resolve(undefined);
    this.opened++;
    return Promise.resolve({
      node: inode.node,
      size: () => Promise.resolve(inode.bytes.length),
      read: (offset, bytesMax) => {
        this.before();
        return Promise.resolve(inode.bytes.slice(offset, offset + bytesMax));
      },
      lock: () => true,
      close: () => void this.opened--,
    });
  }
}

/** Returns the key of a record's window. */
const windowOf = ({ windowSeconds, endSeconds }: Batch["records"][number]) =>
  `${windowSeconds} ${endSeconds}`;

/**
 * Follows the rules of the real destination: a batch is stored completely or not at all, only from the stored
 * position, and no window is stored twice from different files.
 */
export class SimulatedDestination implements Destination {
  readonly #positions = new Map<string, Position>();
  /** The rows of each window: sum, and identity of the file. */
  readonly rows = new Map<string, { sum: string; identity: string }[]>();
  rejected = 0;
  repeated = 0;
  conflicts = 0;
  /** Decides what happens to the next batch: stored, not stored, or stored without an answer. */
  fate: () => "well" | "lost" | "answer lost" = () => "well";

  positions(): Promise<Map<string, Position>> {
    return Promise.resolve(new Map(this.#positions));
  }

  async ship({ from, to, records, rejected }: Batch): Promise<void> {
    await undefined;
    const fate = this.fate();
    if (fate === "lost") throw new Error("no connection");
    if ((this.#positions.get(from.identity)?.offset ?? 0) !== from.offset) throw new Error("position moved");
    this.#positions.set(to.identity, to);
    this.rejected += rejected.length;
    for (const record of records) {
      const key = windowOf(record);
      const rows = this.rows.get(key) ?? [];
      this.rows.set(key, rows);
      if (rows.length === 0 || rows[0]!.identity === to.identity) {
        rows.push({ sum: record.sum, identity: to.identity });
      } else if (rows.some(({ sum }) => sum === record.sum)) this.repeated++;
      else this.conflicts++;
    }
    if (fate === "answer lost") throw new Error("no answer");
  }

  /** The sums of all rows, in the order of the windows. */
  get sums(): string[] {
    return [...this.rows].sort(([one], [other]) => Number(one.split(" ")[1]) - Number(other.split(" ")[1]))
      .flatMap(([, rows]) => rows.map(({ sum }) => sum));
  }
}
