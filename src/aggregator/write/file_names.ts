/**
 * Which files beside the output belong to it: those that a rotation renamed, and the checkpoints.
 *
 * @module
 */
import { basename } from "node:path";

/** What the names of the checkpoints begin with that lie beside the output. */
export function checkpointPathOf(outPath: string): string {
  return `${outPath}.checkpoint`;
}

/** One that is not finished ends in `.new`: its process was killed while it made it. */
export function isCheckpointOf(checkpointPath: string, path: string): boolean {
  return basename(path).startsWith(`${basename(checkpointPath)}-`) &&
    /-[0-9a-f]+(\.[0-9a-f]+\.new|\.new)?$/.test(path);
}

/** The output file, and those that a rotation made of it by adding to its name. */
export function isFileOf(outPath: string, path: string): boolean {
  return basename(path).startsWith(basename(outPath)) && !isCheckpointOf(checkpointPathOf(outPath), path);
}
