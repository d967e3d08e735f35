import { basename } from "node:path";
import type { Disk } from "./disk.ts";
import { lastTimestampSeconds } from "./record.ts";
import type { Log } from "../../shared/log.ts";
import { messageOf } from "../../shared/error_message.ts";

/** When the file is rotated: at the end of each day in UTC, or before the file grows beyond a size. */
export type RotateWhen = { readonly kind: "daily" } | { readonly kind: "size"; readonly bytes: number };

export interface RotationParts {
  path: string;
  disk: Pick<Disk, "renameToNew" | "siblings" | "remove">;
  log: Log;
  when: RotateWhen;
  /** How many rotated files are kept; null: all. */
  keep: number | null;
}

const DAY_SECONDS = 86_400;

/**
 * The suffix of a rotated file: a date, with a time if rotated by size, and a number if that name was taken.
 */
const SUFFIX = /^\.(\d{4}-\d\d-\d\d(?:T\d{6}Z)?)(?:-(\d+))?$/;

/**
 * Decides when the output file is rotated, renames it, and removes old rotated files. The sink opens files.
 */
export class Rotation {
  readonly #parts: RotationParts;
  #isFailing = false;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /**
   * Returns how many of these lines still belong into the file; 0: rotate it first. A record belongs to the
   * day in which its window ended; a window that ends at midnight belongs to the day before.
   *
   * @param size length of the file in bytes
   * @param lastSeconds timestamp of the last record in the file; undefined: it has none
   */
  fits(lines: readonly string[], size: number, lastSeconds: number | undefined): number {
    const { when } = this.#parts;
    if (when.kind === "daily") {
      const day = dayOf(lastSeconds ?? lastTimestampSeconds(lines[0] ?? ""));
      const next = lines.findIndex((line) => dayOf(lastTimestampSeconds(line)) !== day);
      return next < 0 ? lines.length : next;
    }
    let [fits, end] = [0, size];
    while (fits < lines.length && (end += lines[fits]!.length) <= when.bytes) fits++;
    return size === 0 ? Math.max(1, fits) : fits; // A line longer than the limit gets a file of its own.
  }

  /**
   * Renames the file after the time of its last record, and removes the oldest rotated files beyond `keep`.
   *
   * @returns whether the file was renamed; false: the failure is logged, and the sink keeps the same file.
   */
  async rotate(lastSeconds: number): Promise<boolean> {
    const { path, log } = this.#parts;
    try {
      const to = await this.#rename(lastSeconds);
      this.#isFailing = false;
      log.info("rotated", "renamed the file; the next record begins a new one", { file: path, to });
    } catch (error) {
      this.#report(error);
      return false;
    }
    await this.#removeOldest().catch((error) => this.#report(error));
    return true;
  }

  async #rename(lastSeconds: number): Promise<string> {
    const { path, disk, when } = this.#parts;
    const date = when.kind === "daily"
      ? new Date(dayOf(lastSeconds) * DAY_SECONDS * 1000).toISOString().slice(0, 10)
      : `${new Date(lastSeconds * 1000).toISOString().slice(0, 19).replaceAll(":", "")}Z`;
    for (let taken = 0;; taken++) {
      const to = `${path}.${date}${taken === 0 ? "" : `-${taken}`}`;
      try {
        await disk.renameToNew(path, to);
        return to;
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  }

  async #removeOldest(): Promise<void> {
    const { path, disk, keep } = this.#parts;
    if (keep === null) return;
    const renamed = (await disk.siblings(path)).flatMap((file) => {
      const [, date, taken = "0"] = SUFFIX.exec(suffixOf(path, file)) ?? [];
      return date === undefined ? [] : [{ file, date, taken: Number(taken) }];
    });
    renamed.sort((a, b) => a.date < b.date ? -1 : a.date > b.date ? 1 : a.taken - b.taken);
    for (const { file } of renamed.slice(0, -keep)) await disk.remove(file);
  }

  /** Logs a failure, unless the rotation before this one failed, too. */
  #report(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { log, path: file } = this.#parts;
    const reason = messageOf(error);
    log.warn("rotation_failing", "cannot rotate the file: records still go into the same one", {
      file,
      reason,
    });
  }
}

/** Returns what `file` appends to the name of `path`; empty if its name begins differently. */
function suffixOf(path: string, file: string): string {
  return basename(file).startsWith(basename(path)) ? basename(file).slice(basename(path).length) : "";
}

/** Returns the number of the UTC day that a record belongs to; midnight belongs to the day before. */
function dayOf(timestampSeconds: number | undefined): number {
  return Math.floor(((timestampSeconds ?? 0) - 1) / DAY_SECONDS);
}
