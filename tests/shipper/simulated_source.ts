/**
 * A directory with the file of an aggregator, and a database that the records are shipped to, both simulated: to be
 * rotated, cut and broken at any moment.
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

  /** By name, numbers counted up as logrotate does. */
  shift(): void {
    const numbers = this.names.map((name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)).sort((a, b) => b - a);
    for (const number of numbers.filter((each) => each > 0)) {
      this.rename(`${ACTIVE}.${number}`, `${ACTIVE}.${number + 1}`);
    }
  }

  /** A copy in two steps, as of a file that is longer than a buffer. */
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

  /** As it was when it had one line. */
  restore(): void {
    this.cut((this.#files.get(ACTIVE)?.bytes.indexOf(0x0a) ?? -1) + 1);
  }

  /** The next file gets the same inode, as ext4 does it; the birth time differs. */
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

  /** It was not written to since they were asked for last. */
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

/** What a row is told apart by, beside where it comes from. */
const windowOf = ({ windowSeconds, endSeconds }: Batch["records"][number]) =>
  `${windowSeconds} ${endSeconds}`;

/** Keeps the rules of the real one: all of a batch or nothing, from the position before it alone, no window twice. */
export class SimulatedDestination implements Destination {
  readonly #positions = new Map<string, Position>();
  /** By window: the sum of each row, and the file that it is from. */
  readonly rows = new Map<string, { sum: string; identity: string }[]>();
  rejected = 0;
  repeated = 0;
  conflicts = 0;
  /** What becomes of the next batch. */
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

  /** Every sum there is, in the order of the windows. */
  get sums(): string[] {
    return [...this.rows].sort(([one], [other]) => Number(one.split(" ")[1]) - Number(other.split(" ")[1]))
      .flatMap(([, rows]) => rows.map(({ sum }) => sum));
  }
}
