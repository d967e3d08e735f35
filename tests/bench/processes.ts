/** A line of JSON with which a program reports its state: `{"event":"listening",…}`. */
export interface Report {
  readonly event?: unknown;
  readonly [field: string]: unknown;
}

/** How to start a program. */
export interface Program {
  readonly path: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const STOP_MS_MAX = 10_000;
/** How many lines of a program's output an error quotes. */
const TAIL_LINES = 3;

/** Debian puts servers into /usr/sbin, which is not in the PATH of most users. */
const EXEC = 'PATH="$PATH:/usr/sbin"; exec "$@"';

const running = new Set<Child>();

/** Kills every child. To be called before an exit. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Waits for `promise`. @throws {Error} It takes longer than `ms`; the message begins with `what`. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what} took more than ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A process on one core. The caller disposes of it, which kills it if it has not ended. */
export class Child implements AsyncDisposable {
  readonly #name: string;
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  readonly #lines: string[] = [];
  #hasEnded = false;
  #newOutput = Promise.withResolvers<void>();

  /**
   * Starts a program. `taskset` and the shell replace themselves with it, so the process id is the program's.
   *
   * @param core the number of the core, from 0, as the kernel counts
   */
  constructor(program: Program, core: number) {
    this.#name = program.path.split("/").at(-1)!;
    this.#process = new Deno.Command("taskset", {
      args: ["--cpu-list", String(core), "sh", "-c", EXEC, "sh", program.path, ...program.args],
      env: { NO_COLOR: "1", ...program.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([this.#process.stdout, this.#process.stderr].map((out) => this.#read(out)));
    this.#process.status.then(() => this.#hasEnded = true);
    running.add(this);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The lines that the program has printed so far, on stdout and stderr. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Waits until the program reports an event of this name.
   *
   * @throws {Error} The program ended before, or took longer than `ms`.
   */
  event(name: string, ms: number): Promise<Report> {
    return within(ms, `${this.#name}: to say "${name}"`, this.#event(name));
  }

  /** @throws {Error} The program has ended; the message quotes its last lines. */
  checkRunning(): void {
    if (this.#hasEnded) throw new Error(`${this.#name} has ended: ${this.#tail()}`);
  }

  /** Waits for the program's end; returns its exit code. @throws {Error} It took longer than `ms`. */
  async exitCode(ms: number): Promise<number> {
    const { code } = await within(ms, `${this.#name}: to end`, this.#process.status);
    await this.#reading;
    return code;
  }

  /** Waits for the program's end. @throws {Error} It failed, or took longer than `ms`. */
  async end(ms: number): Promise<void> {
    const code = await this.exitCode(ms);
    if (code !== 0) throw new Error(`${this.#name} ended with code ${code}: ${this.#tail()}`);
  }

  /** Ends the program with SIGTERM. @throws {Error} It takes too long. */
  async terminate(): Promise<void> {
    this.kill("SIGTERM");
    await this.exitCode(STOP_MS_MAX);
  }

  /**
   * Ends the program with SIGTERM; returns its report `stopped`.
   *
   * @throws {Error} It takes too long, or there is none.
   */
  async stop(): Promise<Report> {
    await this.terminate();
    return await this.event("stopped", 0);
  }

  kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#process.status;
    await this.#reading;
    running.delete(this);
  }

  async #event(name: string): Promise<Report> {
    const ended = this.#reading.then(() => true);
    for (
      let isOver = false;;
      isOver = await Promise.race([this.#newOutput.promise.then(() => false), ended])
    ) {
      const found = this.#reports().find(({ event }) => event === name);
      if (found) return found;
      if (isOver) throw new Error(`${this.#name} ended without saying "${name}": ${this.#tail()}`);
    }
  }

  #reports(): Report[] {
    return this.#lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  #tail(): string {
    return this.#lines.slice(-TAIL_LINES).join(" / ") || "it printed nothing";
  }

  async #read(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of output.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.#lines.push(...lines);
      this.#newOutput.resolve();
      this.#newOutput = Promise.withResolvers();
    }
    if (rest !== "") this.#lines.push(rest);
  }
}

/**
 * Runs a program to its end, and returns what it printed.
 *
 * @throws {Error} It failed, or took longer than `ms`.
 */
export async function run(program: Program, core: number, ms: number): Promise<readonly string[]> {
  await using child = new Child(program, core);
  await child.end(ms);
  return child.lines;
}
