/** Named pipes (fifo(7)), and who reads them. */
import { within } from "../../bench/processes.ts";

const PATIENCE_MS = 30_000;

/** Makes one; it takes run permission for /bin/sh. */
export async function makePipe(path: string): Promise<void> {
  const { success } = await new Deno.Command("/bin/sh", { args: ["-c", 'mkfifo "$0"', path] }).output();
  if (!success) throw new Error(`Cannot make the pipe ${path}`);
}

/** A process that has a pipe open for reading, and reads no more of it than it is asked for. */
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

  /** Opens it, which waits for no writer. */
  static async of(path: string): Promise<Reader> {
    // For both: to read alone it would wait for a writer, and each read would end when there is none.
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

  /** Waits for so many bytes. */
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
