import { fingerprint } from "./fingerprint.ts";

/**
 * How much of a file is in the database.
 *
 * The first line identifies a file. It stays the same when the file is renamed, copied or restored from a
 * backup, which may change device, inode and birth time. And it changes when the file is emptied and begun
 * again, which changes none of them. The fingerprint of the bytes before the offset shows whether a file was
 * truncated and has grown past the offset since.
 */
export interface Position {
  /** Fingerprint of the first line, with `~1`, `~2` and so on if a truncated file begins as before. */
  readonly identity: string;
  /** Bytes of the file that are in the database. */
  readonly offset: number;
  /** Fingerprint of the {@linkcode TAIL_BYTES} before the offset. */
  readonly tail: string;
}

/** Covers the whole last record: records with the same values still differ in their timestamps. */
export const TAIL_BYTES = 256;
/** Bytes of the first line that identify a file, at most. */
export const HEAD_BYTES = 4096;

/** Returns the identity of a file that begins with `head`; undefined while its first line is not complete. */
export function identityOf(head: Uint8Array): string | undefined {
  const end = head.subarray(0, HEAD_BYTES).indexOf(0x0a);
  if (end < 0 && head.length < HEAD_BYTES) return undefined;
  return fingerprint(head.subarray(0, end < 0 ? HEAD_BYTES : end + 1));
}

/** Returns the end of a file's first window in seconds of Unix time; undefined if no record comes first. */
export function firstSeconds(head: Uint8Array): number | undefined {
  const text = new TextDecoder("latin1").decode(head.subarray(0, 64));
  const digits = /^\{"timestamp": ?(\d{1,12}),/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Returns the fingerprint of the last {@linkcode TAIL_BYTES} of `bytesBefore`. */
export const tailOf = (bytesBefore: Uint8Array): string => fingerprint(bytesBefore.subarray(-TAIL_BYTES));

/** What {@linkcode resume} must know of a file. */
export interface FileFacts {
  readonly identity: string;
  readonly size: number;
  /** The file is not a copy in progress: nothing was written to it for a while, or it has the active path. */
  readonly isSettled: boolean;
  /** Returns the fingerprint of the bytes before an offset within the file. */
  tailAt(offset: number): Promise<string>;
}

/**
 * Returns where to continue in a file: at the furthest known position that fits, else at its beginning.
 * Returns undefined for a file that may be a copy in progress of a longer one that is in the database.
 */
export async function resume(
  file: FileFacts,
  positions: ReadonlyMap<string, Position>,
): Promise<Position | undefined> {
  const known = [...positions.values()]
    .filter(({ identity }) => baseOf(identity) === file.identity)
    .sort((one, other) => other.offset - one.offset);
  for (const position of known) {
    if (position.offset <= file.size && await file.tailAt(position.offset) === position.tail) return position;
  }
  // A settled file is read from its beginning: it may have been truncated and rewritten. If it is only a
  // shorter copy, sluice.add_records passes its rows over.
  if (!file.isSettled && known.some(({ offset }) => offset > file.size)) return undefined;
  const lives = known.map(({ identity }) => Number(identity.split("~")[1] ?? 0));
  const life = Math.max(-1, ...lives) + 1;
  return {
    identity: life === 0 ? file.identity : `${file.identity}~${life}`,
    offset: 0,
    tail: tailOf(new Uint8Array(0)),
  };
}

const baseOf = (identity: string): string => identity.split("~")[0]!;
