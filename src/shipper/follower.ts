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

/** An open file. Renaming or removing its path does not affect it. */
export interface SourceFile {
  /** Device, inode and birth time. */
  readonly node: string;
  size(): Promise<number>;
  /** Returns `bytesMax` bytes from `offset` on, fewer only at the end of the file. */
  read(offset: number, bytesMax: number): Promise<Uint8Array>;
  /**
   * Takes an exclusive lock, which lasts until the file is closed or the process ends. Returns false if
   * another shipper holds it.
   */
  lock(): boolean;
  close(): void;
}

/** Another shipper holds the lock of the active file. */
export class FileTaken extends Error {
  override readonly name = "FileTaken";
}

/** A file of the directory, as the listing saw it. */
export interface SourceState {
  readonly path: string;
  readonly isActive: boolean;
  readonly node: string;
  /** Changes whenever the file is written to. */
  readonly version: string;
  /** Nothing was written to the file for a while, so it is not a copy in progress. */
  readonly isSettled: boolean;
}

export interface SourceDirectory {
  /** Returns the file that the aggregator writes to, if it exists, and its rotated files. */
  files(): Promise<SourceState[]>;
  /** Returns undefined if the file no longer exists. */
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
  /** Returns the position of each file of the instance, keyed by the file's identity. */
  positions(): Promise<Map<string, Position>>;
  /**
   * Commits the records and the position after them in one transaction.
   *
   * @throws {Error} They may or may not be committed, or the position in the database is not `batch.from`.
   */
  ship(batch: Batch): Promise<void>;
}

export interface FollowerOptions {
  readonly directory: SourceDirectory;
  readonly destination: Destination;
  /** Most bytes to read for one batch. Each failure halves them, in case the database was too slow. */
  readonly readBytes: number;
  /** Ends a pass before its next batch. */
  readonly isStopping?: () => boolean;
  /** Called before each batch with the bytes of its file that are not in the database. */
  readonly behind?: (bytes: number) => void;
}

/** Fits the longest line that is parsed: each read finds the line's end, or that the line is too long. */
const READ_BYTES_MIN = 2 * LINE_BYTES_MAX;

/**
 * Ships the lines that are in the files but not in the database, oldest file first. Only the positions in the
 * database count: after any error they are read again. When to look at the files, and what to do after an
 * error, is up to the caller.
 */
export class Follower {
  readonly #options: FollowerOptions;
  #positions: Map<string, Position> | undefined;
  #readBytes: number;
  /** The version in which each file was shipped to its end, keyed by node. */
  #done = new Map<string, string>();
  /** The file last seen at the active path. It stays open, so it is read to its end even if it is removed. */
  #active: SourceFile | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#readBytes = options.readBytes;
  }

  /**
   * Looks at every file once and ships what is new. Calls must not overlap.
   *
   * @throws {FileTaken} Another shipper follows the active file.
   * @throws {Error} A file can't be read, or the database failed: the next pass reads the positions again.
   */
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

  /** Sorts files by the end of their first window; the active one comes last. */
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

  /** @returns whether the pass goes on with the next file */
  async #follow(state: SourceState): Promise<boolean> {
    const file = await this.#options.directory.open(state.path);
    if (!file) return true; // Renamed or removed since the listing: the next pass finds it, or #active is it.
    const isSettled = state.isActive || state.isSettled;
    let isKept = false;
    try {
      const isNewActive = state.isActive && file.node !== this.#active?.node;
      if (isNewActive && !file.lock()) {
        throw new FileTaken(`Another shipper follows ${state.path}: stop one of them`);
      }
      const isAtEnd = await this.#ship(file, isSettled);
      // The version is that of the listing: what was written since then has changed it, for the next pass.
      if (isAtEnd && isSettled && file.node === state.node) this.#done.set(state.node, state.version);
      isKept = isNewActive;
      return isAtEnd;
    } finally {
      if (isKept) {
        this.#active?.close();
        this.#active = file;
      } else file.close();
    }
  }

  /** @returns false if it stopped before the end of the file */
  async #ship(file: SourceFile, isSettled: boolean): Promise<boolean> {
    const { destination, isStopping = () => false } = this.#options;
    const identity = identityOf(await file.read(0, HEAD_BYTES));
    if (identity === undefined) return true; // Its first line is not complete yet.
    const tailAt = async (offset: number) => tailOf(await bytesBefore(file, offset));
    const facts = { identity, size: await file.size(), isSettled, tailAt };
    const from = await resume(facts, this.#positions!);
    if (from === undefined) return true;
    let next = this.#read(file, from);
    for (;;) {
      const batch = await next;
      if (batch === undefined) return true;
      if (isStopping()) return false;
      // The next batch is read and parsed while the database handles this one.
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

  /** Reads the complete lines after a position; undefined if there are none or the file has changed. */
  async #read(file: SourceFile, from: Position): Promise<Batch | undefined> {
    const { behind } = this.#options;
    const start = Math.max(0, from.offset - TAIL_BYTES);
    const before = from.offset - start;
    const bytes = await file.read(start, before + Math.floor(this.#readBytes));
    // Truncated since the position was found, and perhaps rewritten: the next pass finds a new position.
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
