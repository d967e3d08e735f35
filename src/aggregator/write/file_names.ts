/**
 * Recognizes the files that belong to an output by their names: rotated files and checkpoints.
 *
 * @module
 */
import { basename } from "node:path";

/** Returns the path with which the default names of an output's checkpoints begin. */
export function checkpointPathOf(outPath: string): string {
  return `${outPath}.checkpoint`;
}

/** Whether `path` names a checkpoint. An unfinished checkpoint, left by a kill, ends in `.new`. */
export function isCheckpointOf(checkpointPath: string, path: string): boolean {
  return basename(path).startsWith(`${basename(checkpointPath)}-`) &&
    /-[0-9a-f]+(\.[0-9a-f]+\.new|\.new)?$/.test(path);
}

/** Whether `path` is the output or a rotated file of it: its name begins like the output's. */
export function isFileOf(outPath: string, path: string): boolean {
  return basename(path).startsWith(basename(outPath)) && !isCheckpointOf(checkpointPathOf(outPath), path);
}
