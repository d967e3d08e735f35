import type { LineRecord, RejectedLine } from "./lines.ts";
import { LINE_BYTES_MAX, readLines } from "./lines.ts";
import {
  firstSeconds,
  HEAD_BYTES,
  identityOf,
  type Position,
  resume,
  TAIL_BYTES,
  tailOf,
} from "./position.ts";

/** An open file: it stays the same one whatever becomes of its path. */
export interface SourceFile {
  /** Device, inode and birth time. */
  readonly node: string;
  size(): Promise<number>;
  /** The bytes from `offset` on, `bytesMax` of them unless the file ends before. */
  read(offset: number, bytesMax: number): Promise<Uint8Array>;
  /** Keeps other shippers from it until it is closed or the process ends; false: another one has it. */
  lock(): boolean;
  close(): void;
}

/** Another shipper follows the file. */
export class FileTaken extends Error {
  override readonly name = "FileTaken";
}

/** A path, and what the system says of the file there. */
export interface SourceState {
  readonly path: string;
  readonly isActive: boolean;
  readonly node: string;
  /** Changes whenever the file is written to. */
  readonly version: string;
  /** It was not written to for a while. */
  readonly isSettled: boolean;
}

export interface SourceDirectory {
  /** The file that the aggregator writes to, if it is there, and those that rotations made of it. */
  files(): Promise<SourceState[]>;
  /** Undefined when there is no such file any more. */
  open(path: string): Promise<SourceFile | undefined>;
}

/** Lines of one file, and the positions before and after them. */
export interface Batch {
  readonly from: Position;
  readonly to: Position;
  readonly records: readonly LineRecord[];
  readonly rejected: readonly RejectedLine[];
}

export interface Destination {
  /** How far each file of the instance is, by identity. */
  positions(): Promise<Map<string, Position>>;
  /**
   * Writes the records and the position after them, both or neither.
   *
   * @throws {Error} Nobody knows whether they are written, or the position is another one than before the batch.
   */
  ship(batch: Batch): Promise<void>;
}

export interface FollowerOptions {
  readonly directory: SourceDirectory;
  readonly destination: Destination;
  /** How much is read at once, at most; after a failure less, for a database that takes long. */
  readonly readBytes: number;
  /** Ends a pass between two batches. */
  readonly isStopping?: () => boolean;
  /** Told of how much is left to read of a file, before each batch of it. */
  readonly behind?: (bytes: number) => void;
}

/** More than the longest line that is looked at: one of them is seen to end, or to be too long. */
const READ_BYTES_MIN = 2 * LINE_BYTES_MAX;

/**
 * Ships what the files have and the database lacks, oldest file first, one pass after the other. It knows nothing for
 * certain but what the database says: after any error it asks there again.
 */
export class Follower {
  readonly #options: FollowerOptions;
  #positions: Map<string, Position> | undefined;
  #readBytes: number;
  /** By node, the version in which a file was shipped to its end. */
  #done = new Map<string, string>();
  /** The file that had the active path last: it is read to its end also when it is removed. */
  #active: SourceFile | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#readBytes = options.readBytes;
  }

  /** Looks at every file once, and ships what is new. At most one at a time. */
  async pass(): Promise<void> {
    const { directory, destination } = this.#options;
    try {
      this.#positions ??= await destination.positions();
      const states = await directory.files();
      const nodes = new Set(states.map(({ node }) => node));
      if (this.#active && !nodes.has(this.#active.node)) await this.#ship(this.#active, true);
      const changed = states.filter(({ node, version }) => this.#done.get(node) !== version);
      this.#done = new Map([...this.#done].filter(([node]) => nodes.has(node)));
      for (const state of await this.#inOrder(changed)) {
        if (!await this.#follow(state)) return;
      }
    } catch (error) {
      this.#positions = undefined;
      this.#done.clear();
      this.#readBytes = Math.max(Math.min(READ_BYTES_MIN, this.#readBytes), this.#readBytes / 2);
      throw error;
    }
  }

  close(): void {
    this.#active?.close();
    this.#active = undefined;
  }

  /** By the first window that each file tells of; the active one comes last. */
  async #inOrder(states: readonly SourceState[]): Promise<SourceState[]> {
    const found: { state: SourceState; seconds: number }[] = [];
    for (const state of states) {
      if (state.isActive) found.push({ state, seconds: Infinity });
      else {
        const file = await this.#options.directory.open(state.path);
        if (!file) continue;
        using _closing = { [Symbol.dispose]: () => file.close() };
        found.push({ state, seconds: firstSeconds(await file.read(0, HEAD_BYTES)) ?? -Infinity });
      }
    }
    return found.sort((one, other) => one.seconds - other.seconds).map(({ state }) => state);
  }

  /** @returns whether to go on with the next file */
  async #follow(state: SourceState): Promise<boolean> {
    const file = await this.#options.directory.open(state.path);
    if (!file) return true; // Renamed or removed meanwhile: the next pass finds it, or the one that is held.
    const isSettled = state.isActive || state.isSettled;
    let isHeld = false;
    try {
      const isNext = state.isActive && file.node !== this.#active?.node;
      if (isNext && !file.lock()) {
        throw new FileTaken(`Another shipper follows ${state.path}: stop one of them`);
      }
      const isOver = await this.#ship(file, isSettled);
      // What was written since the state was read makes another version of it: it is looked at again.
      if (isOver && isSettled && file.node === state.node) this.#done.set(state.node, state.version);
      isHeld = isNext;
      return isOver;
    } finally {
      if (isHeld) {
        this.#active?.close();
        this.#active = file;
      } else file.close();
    }
  }

  /** @returns whether it is shipped to its end */
  async #ship(file: SourceFile, isSettled: boolean): Promise<boolean> {
    const { destination, isStopping = () => false } = this.#options;
    const identity = identityOf(await file.read(0, HEAD_BYTES));
    if (identity === undefined) return true; // Its first line is not whole.
    const tailAt = async (offset: number) => tailOf(await bytesBefore(file, offset));
    const facts = { identity, size: await file.size(), isSettled, tailAt };
    const from = await resume(facts, this.#positions!);
    if (from === undefined) return true;
    let next = this.#read(file, from);
    for (;;) {
      const batch = await next;
      if (batch === undefined) return true;
      if (isStopping()) return false;
      // The next one is read and taken apart while the database is busy with this one.
      next = this.#read(file, batch.to);
      try {
        await destination.ship(batch);
      } catch (error) {
        await next.catch(() => {});
        throw error;
      }
      this.#positions!.set(batch.to.identity, batch.to);
      this.#readBytes = Math.min(this.#options.readBytes, this.#readBytes * 2);
    }
  }

  /** The whole lines from a position on; undefined where there is none. */
  async #read(file: SourceFile, from: Position): Promise<Batch | undefined> {
    const { behind } = this.#options;
    const start = Math.max(0, from.offset - TAIL_BYTES);
    const before = from.offset - start;
    const bytes = await file.read(start, before + Math.floor(this.#readBytes));
    // Cut, or emptied and begun anew meanwhile: for the next pass.
    if (tailOf(bytes.subarray(0, before)) !== from.tail) return undefined;
    if (from.offset === 0 && !from.identity.startsWith(identityOf(bytes) ?? "-")) return undefined;
    const isWithin = before > 0 && bytes[before - 1] !== 0x0a;
    const { records, rejected, bytes: length } = readLines(bytes.subarray(before), from.offset, isWithin);
    behind?.(Math.max(0, await file.size() - from.offset));
    if (length === 0) return undefined;
    const offset = from.offset + length;
    const tail = tailOf(bytes.subarray(Math.max(0, before + length - TAIL_BYTES), before + length));
    return { from, to: { identity: from.identity, offset, tail }, records, rejected };
  }
}

async function bytesBefore(file: SourceFile, offset: number): Promise<Uint8Array> {
  const start = Math.max(0, offset - TAIL_BYTES);
  return await file.read(start, offset - start);
}
