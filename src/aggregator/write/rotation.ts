import { basename } from "node:path";
import type { Disk } from "./disk.ts";
import { lastTimestampSeconds } from "./record.ts";
import type { Log } from "../../shared/log.ts";

/** When a file is renamed and a new one begun: at the end of a day in UTC, or before it outgrows a size. */
export type RotateWhen = { readonly kind: "daily" } | { readonly kind: "size"; readonly bytes: number };

export interface RotationParts {
  path: string;
  disk: Pick<Disk, "renameToNew" | "siblings" | "remove">;
  log: Log;
  when: RotateWhen;
  /** How many renamed files stay; null: all. */
  keep: number | null;
}

const DAY_SECONDS = 86_400;

/** What a renamed file adds to its name: a date, with a time when it is by size, and a number if that was taken. */
const SUFFIX = /^\.(\d{4}-\d\d-\d\d(?:T\d{6}Z)?)(?:-(\d+))?$/;

/** Renames the file of records when it is time; what is in it and what goes to the next one is for the sink. */
export class Rotation {
  readonly #parts: RotationParts;
  #isFailing = false;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /**
   * How many of these lines go to a file of this size that ends with a record of this time; none: it is to be rotated.
   * A record belongs to the day in which its window ended or, at midnight, to the day before.
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
    return size === 0 ? Math.max(1, fits) : fits; // A longer line than that has a file of its own.
  }

  /**
   * Renames the file, by the time of its last record, and removes those that are too many. Whether that was done:
   * should it fail, the sink goes on in the same file.
   */
  async rotate(lastSeconds: number): Promise<boolean> {
    const { path, log } = this.#parts;
    try {
      const to = await this.#rename(lastSeconds);
      this.#isFailing = false;
      log.info("rotated", "the file has a new name, and a new one begins", { file: path, to });
    } catch (error) {
      this.#tell(error);
      return false;
    }
    await this.#removeOldest().catch((error) => this.#tell(error));
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

  /** Told once, until it works again. */
  #tell(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { log, path: file } = this.#parts;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn("rotation_failing", "the file can't be rotated: records go on to where they went", {
      file,
      reason,
    });
  }
}

/** What `file` adds to the name of `path`; nothing where that is not how it begins. */
function suffixOf(path: string, file: string): string {
  return basename(file).startsWith(basename(path)) ? basename(file).slice(basename(path).length) : "";
}

function dayOf(timestampSeconds: number | undefined): number {
  return Math.floor(((timestampSeconds ?? 0) - 1) / DAY_SECONDS);
}
