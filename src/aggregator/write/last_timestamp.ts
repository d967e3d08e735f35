import type { FileState } from "../../shared/files/append_file.ts";
import type { OutputDisk } from "./disk.ts";
import { isFileOf } from "./file_names.ts";
import { lastTimestampSeconds } from "./record.ts";

/** How much of a file's end is read to find its last record: some fifty records. */
const TAIL_BYTES = 4096;

/** What the sink knows about the end of the file that it writes to. */
export interface FileEnd {
  /** Which file this is; undefined before the first one was opened. */
  readonly identity: string | undefined;
  /** The file's length in bytes after the last write. If it differs, another program changed the file. */
  size: number;
  /** How many bytes of the first waiting record are in the file: a write may end within a record. */
  partBytes: number;
  /** The file ends in an incomplete line that is not ours: a newline goes before the next record. */
  isTorn: boolean;
  /** The timestamp of the last record in the file. */
  lastSeconds: number | undefined;
}

/** Reads how a file ends that the sink has not written to yet. */
export async function endOf(
  disk: OutputDisk,
  path: string,
  { identity, size, isStream }: FileState,
): Promise<FileEnd> {
  const tail = isStream ? new Uint8Array(0) : await readTail(disk, path, size);
  const isTorn = tail.length > 0 && tail.at(-1) !== 0x0a;
  return { identity, size, partBytes: 0, isTorn, lastSeconds: lastTimestampIn(tail) };
}

/**
 * Returns the timestamp of the last record in the file, in seconds. If the file has no whole record yet,
 * looks into the rotated files beside it and takes the latest. Undefined if there is none.
 */
export async function lastTimestampOf(path: string, disk: OutputDisk): Promise<number | undefined> {
  let latest = await lastIn(path, disk);
  if (latest !== undefined) return latest;
  for (const file of await disk.siblings(path)) {
    const last = isFileOf(path, file) ? await lastIn(file, disk) : undefined;
    if (last !== undefined) latest = Math.max(latest ?? 0, last);
  }
  return latest;
}

async function lastIn(file: string, disk: OutputDisk): Promise<number | undefined> {
  const state = await disk.stat(file);
  if (!state || state.isStream) return undefined;
  return lastTimestampIn(await readTail(disk, file, state.size));
}

const lastTimestampIn = (tail: Uint8Array) => lastTimestampSeconds(new TextDecoder().decode(tail));

function readTail(disk: OutputDisk, path: string, size: number): Promise<Uint8Array> {
  return disk.read(path, Math.max(0, size - TAIL_BYTES), TAIL_BYTES);
}
