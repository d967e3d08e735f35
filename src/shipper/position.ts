import { fingerprint } from "./fingerprint.ts";

/**
 * How far a file is in the database. A file is known by its first line: it keeps that when it is renamed, copied or
 * brought back from a backup, where its device, inode and birth time change; and it gets another one when it is
 * emptied and begun anew, where those stay. What was read last is known by its end, so that a file which was cut and
 * has grown past its position is found out.
 */
export interface Position {
  /** The fingerprint of the first line, and of the second life of a file which was cut, `~1`. */
  readonly identity: string;
  /** In bytes: all before it is in the database. */
  readonly offset: number;
  /** The fingerprint of the {@linkcode TAIL_BYTES} before it. */
  readonly tail: string;
}

/** At least the whole last record: two that end alike differ in their timestamps. */
export const TAIL_BYTES = 256;
/** As much of a file as the first line may have to tell it from others. */
export const HEAD_BYTES = 4096;

/** The identity of a file that begins like this; undefined while its first line is not whole. */
export function identityOf(head: Uint8Array): string | undefined {
  const end = head.subarray(0, HEAD_BYTES).indexOf(0x0a);
  if (end < 0 && head.length < HEAD_BYTES) return undefined;
  return fingerprint(head.subarray(0, end < 0 ? HEAD_BYTES : end + 1));
}

/** The end of the first window that a file tells of, in seconds; undefined where no record comes first. */
export function firstSeconds(head: Uint8Array): number | undefined {
  const text = new TextDecoder("latin1").decode(head.subarray(0, 64));
  const digits = /^\{"timestamp": ?(\d{1,12}),/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export const tailOf = (bytesBefore: Uint8Array): string => fingerprint(bytesBefore.subarray(-TAIL_BYTES));

/** What is known of a file that is about to be read. */
export interface FileFacts {
  readonly identity: string;
  readonly size: number;
  /** Nobody writes to it just now, as one does who makes a copy; or it has the path that the aggregator writes to. */
  readonly isSettled: boolean;
  /** The fingerprint of the bytes before an offset that lies within the file. */
  tailAt(offset: number): Promise<string>;
}

/**
 * Where to go on in a file: at the last position of it that fits, else from its beginning; undefined: it is a
 * beginning of what is in the database, as long as it is being copied.
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
  // Once it is settled it may also be one that was cut and is another since: what is there already is found out then.
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
