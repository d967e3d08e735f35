import type { AppendFile, FileState } from "../../shared/files/append_file.ts";
import type { OutputDisk } from "./disk.ts";
import type { Clock } from "../aggregate/timeline.ts";

/** How `--out` names it. */
export const STANDARD_OUTPUT = "-";

/** So long a write may take: then its reader is behind, and the checkpoint shall not wait with it. */
const PATIENCE_MS = 100;

const STATE: FileState = { identity: "stdout", size: 0, isStream: true };

/**
 * Records to stdout, for a container's log or a pipe. Only a write tells whether somebody reads, and the one that
 * finds the pipe full comes back when it is not any more. So a write that takes long counts as failed, but goes on;
 * the next one asks for its result.
 */
export class StandardOutput implements OutputDisk {
  readonly #clock: Clock;
  readonly #stdout: { write(bytes: Uint8Array): Promise<number> };
  /** One that was not over in time: of the record that the sink will come with again. */
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
    writing.catch(() => {}); // The next write hears of it.
    this.#unfinished = writing;
    throw new Deno.errors.WouldBlock("nobody reads stdout, or not fast enough");
  }
}
