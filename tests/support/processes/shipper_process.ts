/** The shipper as its own process, with the command line and the permissions of `deno task ship`. */
import denoJson from "../../../deno.json" with { type: "json" };
import { within } from "../../bench/processes.ts";
import { linesOf } from "./processes.ts";
import type { LogEntry } from "../recorded_log.ts";

/** The permissions that a test of this process needs. */
export const SHIPPER_PERMISSIONS = {
  run: [Deno.execPath(), "/bin/sh"],
  net: ["127.0.0.1"],
  read: ["data"],
  write: ["data"],
} satisfies Deno.PermissionOptionsObject;

/** No event comes later than this. The first start of the embedded database takes seconds. */
const PATIENCE_MS = 60_000;

export class ShipperProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #reading: Promise<void>;
  #newOutput = Promise.withResolvers<void>();

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#reading = this.#read();
  }

  /** Starts a shipper, and waits until it follows its file. */
  static async start(flags: readonly string[], databaseUrl = ""): Promise<ShipperProcess> {
    const shipper = ShipperProcess.spawn(flags, databaseUrl);
    try {
      await shipper.event("following");
    } catch (error) {
      await shipper[Symbol.asyncDispose]();
      throw error;
    }
    return shipper;
  }

  /** As `start`, but does not wait. */
  static spawn(flags: readonly string[], databaseUrl = ""): ShipperProcess {
    return new ShipperProcess(
      new Deno.Command(Deno.execPath(), {
        args: [...wordsOf("ship"), "--log-format", "json", ...flags],
        env: { DATABASE_URL: databaseUrl },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn(),
    );
  }

  get pid(): number {
    return this.#process.pid;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  get log(): LogEntry[] {
    return this.#lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** Waits for an event of this name in the log. */
  event(name: string): Promise<LogEntry> {
    return within(PATIENCE_MS, `to log "${name}"`, this.#event(name));
  }

  async #event(name: string): Promise<LogEntry> {
    let isOver = false;
    const ended = this.#reading.then(() => void (isOver = true));
    for (;;) {
      const found = this.log.find(({ event }) => event === name);
      if (found) return found;
      if (isOver) throw new Error(`It ended before it logged "${name}":\n${this.#lines.join("\n")}`);
      await Promise.race([this.#newOutput.promise, ended]);
    }
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits for the end; returns the exit code. */
  async ended(): Promise<number> {
    const { code } = await within(PATIENCE_MS, "the shipper to end", this.#process.status);
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.ended();
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#process.stderr)) {
      this.#lines.push(line);
      this.#newOutput.resolve();
      this.#newOutput = Promise.withResolvers();
    }
    this.#newOutput.resolve();
  }
}

/**
 * Returns a task's command without the `deno task` around it, so that a signal reaches the service itself.
 */
export function wordsOf(task: "ship" | "fleet"): string[] {
  return denoJson.tasks[task].command.split(" ").slice(1).map((word) => word.replaceAll("'", ""));
}

/**
 * Waits until a value of `read` satisfies `isRight`; looks every 20 ms.
 *
 * @throws {Error} It takes too long.
 */
export async function until<T>(
  what: string,
  read: () => Promise<T>,
  isRight: (value: T) => boolean,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  for (const begunMs = performance.now();;) {
    const value = await read();
    if (isRight(value)) return value;
    if (performance.now() - begunMs > patienceMs) {
      throw new Error(`Waited in vain for ${what}: ${JSON.stringify(value)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
