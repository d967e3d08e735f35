import type { OutputDisk } from "./disk.ts";
import { isFileOf } from "./file_names.ts";
import { lastTimestampSeconds } from "./record.ts";

/** How much of a file's end is looked at for its last record. */
export const TAIL_BYTES = 4096;

/**
 * The time of the last record in the file; while it has no whole record, of those in the files that a rotation made of
 * it: theirs came before. In seconds; undefined: there is none.
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
  const tail = await disk.read(file, Math.max(0, state.size - TAIL_BYTES), TAIL_BYTES);
  return lastTimestampSeconds(new TextDecoder().decode(tail));
}
