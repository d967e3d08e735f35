import type { AppendFile, FileState } from "../../shared/files/append_file.ts";
import type { OutputDisk } from "./disk.ts";
import type { Clock } from "../../shared/clock.ts";

/** The value of `--out` for stdout. */
export const STANDARD_OUTPUT = "-";

/**
 * A write that takes longer counts as failed: the reader is slow, and the checkpoint must not wait for it.
 */
const PATIENCE_MS = 100;

const STATE: FileState = { identity: "stdout", size: 0, isStream: true };

/**
 * Writes records to stdout, for a container's log or a pipe. A write to a full pipe blocks until the reader
 * has made room, and it can't be cancelled. So a write that takes too long is reported as failed but
 * continues in the background; the next write, a retry with the same record, waits for its result.
 */
export class StandardOutput implements OutputDisk {
  readonly #clock: Clock;
  readonly #stdout: { write(bytes: Uint8Array): Promise<number> };
  /** The write that continues in the background; the sink will retry the same record. */
  #unfinished: Promise<number> | undefined;

  constructor(clock: Clock, stdout: { write(bytes: Uint8Array): Promise<number> } = Deno.stdout) {
    this.#clock = clock;
    this.#stdout = stdout;
  }

  stat(): Promise<FileState> {
    return Promise.resolve(STATE);
  }

  append(): Promise<AppendFile> {
    return Promise.resolve({
      ...STATE,
      write: (bytes: Uint8Array) => this.#write(bytes),
      sync: () => Promise.resolve(),
      close() {},
    });
  }

  read(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(0));
  }

  siblings(): Promise<string[]> {
    return Promise.resolve([]);
  }

  async #write(bytes: Uint8Array): Promise<number> {
    const writing = this.#unfinished ?? this.#stdout.write(bytes);
    const late = Promise.withResolvers<undefined>();
    const cancel = this.#clock.setTimer(() => late.resolve(undefined), PATIENCE_MS);
    this.#unfinished = undefined;
    try {
      const written = await Promise.race([writing, late.promise]);
      if (written !== undefined) return written;
    } finally {
      cancel();
    }
    writing.catch(() => {}); // The next write gets this error.
    this.#unfinished = writing;
    throw new Deno.errors.WouldBlock("stdout has no reader, or a slow one");
  }
}
