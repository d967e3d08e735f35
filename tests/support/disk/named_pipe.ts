/** Named pipes (fifo(7)), and a process that reads one. */
import { within } from "../../bench/processes.ts";

const PATIENCE_MS = 30_000;

/** Makes a named pipe. Needs run permission for /bin/sh. */
export async function makePipe(path: string): Promise<void> {
  const { success } = await new Deno.Command("/bin/sh", { args: ["-c", 'mkfifo "$0"', path] }).output();
  if (!success) throw new Error(`Cannot make the pipe ${path}`);
}

/** A process that has a pipe open for reading, and reads only as many bytes as the test asks for. */
export class Reader implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;
  #rest = new Uint8Array(0);
  #ended = false;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#stdin = process.stdin.getWriter();
    this.#stdout = process.stdout.getReader();
  }

  /** Starts a reader of the pipe at `path`. It does not wait for a writer. */
  static async of(path: string): Promise<Reader> {
    // Opened for reading and writing: a read-only open waits for a writer, and reads end without a writer.
    const script = 'exec 3<>"$0" && echo "" && while read bytes; do head -c "$bytes" <&3; done';
    const process = new Deno.Command("/bin/sh", {
      args: ["-c", script, path],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = new Reader(process);
    await reader.#take(1);
    return reader;
  }

  /** Waits for this many bytes and returns them. */
  async read(bytes: number): Promise<string> {
    await this.#stdin.write(new TextEncoder().encode(`${bytes}\n`));
    return new TextDecoder().decode(await within(PATIENCE_MS, "the pipe: to be written", this.#take(bytes)));
  }

  async #take(bytes: number): Promise<Uint8Array> {
    while (this.#rest.length < bytes) {
      const { value } = await this.#stdout.read();
      if (value === undefined) throw new Error("The reader of the pipe has ended");
      const joined = new Uint8Array(this.#rest.length + value.length);
      joined.set(this.#rest);
      joined.set(value, this.#rest.length);
      this.#rest = joined;
    }
    const taken = this.#rest.slice(0, bytes);
    this.#rest = this.#rest.slice(bytes);
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#process.kill("SIGKILL");
    await this.#stdin.abort().catch(() => {});
    await this.#stdout.cancel();
    await this.#process.status;
  }
}
