import denoJson from "../../../deno.json" with { type: "json" };
import { within } from "../../bench/processes.ts";
import type { LogEntry } from "../simulated/simulated_aggregator.ts";
import { linesOf } from "./processes.ts";
import { makeDirectory } from "../disk/temporary_directory.ts";

/** A line that a process printed, as it came. */
type Line = string;

/** The longest that a test waits for anything, even on a busy machine. */
const PATIENCE_MS = 30_000;

/** The aggregator as its own process, with the command line and the permissions of a task of deno.json. */
export class Service implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: Line[] = [];
  readonly #reading: Promise<void>;
  #newOutput = Promise.withResolvers<void>();
  /** The directory made for this process and removed with it; undefined if `--out` was given. */
  readonly directory: string | undefined;
  readonly out: string;

  private constructor(process: Deno.ChildProcess, out: string, directory: string | undefined) {
    this.#process = process;
    this.directory = directory;
    this.out = out;
    this.#reading = this.#read();
  }

  /**
   * Starts a task with these flags, and waits until the service listens. Unless the flags say otherwise, it
   * listens on a free port of 127.0.0.1 and writes below `data/`. `denoFlags` come before the task's own
   * flags of Deno.
   */
  static async start(
    task: "start" | "start:sandbox",
    flags: string[] = [],
    denoFlags: string[] = [],
  ): Promise<Service> {
    const service = await Service.spawn(task, flags, denoFlags);
    try {
      await service.event("listening");
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
    return service;
  }

  /** As `start`, but does not wait. A shell runs `before` first, in the process that becomes the service. */
  static async spawn(
    task: "start" | "start:sandbox",
    flags: string[] = [],
    denoFlags: string[] = [],
    before?: string,
  ): Promise<Service> {
    const directory = flags.includes("--out") ? undefined : await makeDirectory();
    const out = directory ? `${directory}/metrics.jsonl` : flags[flags.indexOf("--out") + 1]!;
    const defaults = ["--listen", "127.0.0.1:0", "--out", out, "--log-format", "json", "--admin", "off"];
    const given = new Set(flags.filter((flag) => flag.startsWith("--")));
    const kept = defaults.filter((_, i) => !given.has(defaults[i - i % 2]!));
    return new Service(spawnTask(task, [...kept, ...flags], denoFlags, before), out, directory);
  }

  /** The service's stdout with `--out -`. The caller must read it to its end or cancel it. */
  get stdout(): ReadableStream<Uint8Array> {
    return this.#process.stdout;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get log(): LogEntry[] {
    return this.#lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  get port(): number {
    const { address } = this.log.find((entry) => entry.event === "listening")!;
    return Number(String(address).split(":").at(-1));
  }

  /** Waits for the first event of this name in the log, or for the `nth`. */
  event(name: string, nth = 1): Promise<LogEntry> {
    return within(PATIENCE_MS, `to log "${name}" (${nth})`, this.#event(name, nth));
  }

  async #event(name: string, nth: number): Promise<LogEntry> {
    let ended = false;
    const ending = this.#reading.then(() => ended = true);
    for (;;) {
      const found = this.log.filter((entry) => entry.event === name)[nth - 1];
      if (found) return found;
      if (ended) throw new Error(`The service ended before it logged "${name}":\n${this.#lines.join("\n")}`);
      await Promise.race([this.#newOutput.promise, ending]);
    }
  }

  /** Returns the records in the file so far, without an unfinished last line. */
  async records(): Promise<FileRecord[]> {
    const text = await Deno.readTextFile(this.out).catch(() => "");
    return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** Waits until the records satisfy `condition`; looks every 20 ms. */
  async recordsUntil(condition: (records: FileRecord[]) => boolean): Promise<FileRecord[]> {
    for (const begunMs = performance.now(); performance.now() - begunMs < PATIENCE_MS;) {
      const records = await this.records();
      if (condition(records)) return records;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`The records never satisfied the condition: ${await Deno.readTextFile(this.out)}`);
  }

  /** Sends a signal, if the process still runs. */
  signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  /**
   * Waits for the end; returns the exit code and the totals in the log (undefined if the process was killed).
   */
  async end(): Promise<{ code: number; totals: LogEntry }> {
    const { code } = await within(PATIENCE_MS, "the service: to end", this.#process.status);
    await this.#reading;
    return { code, totals: this.log.find((entry) => entry.event === "stopped")! };
  }

  /** Ends the process with this signal; returns as `end` does. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<{ code: number; totals: LogEntry }> {
    this.signal(signal);
    return this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#process.status;
    await this.#reading;
    if (this.directory) await Deno.remove(this.directory, { recursive: true });
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

/** A record of the output file. */
export interface FileRecord {
  timestamp: number;
  count_type: string;
  A1_sum: number;
  A2_max: number;
  A3_min: number;
  partial?: true;
}

/**
 * Starts the command of a task of deno.json, without the `deno task` around it. So its pid is the service's,
 * and a signal reaches the service itself.
 */
export function spawnTask(
  task: string,
  flags: string[],
  denoFlags: string[] = [],
  before?: string,
): Deno.ChildProcess {
  const { command } = denoJson.tasks[task as keyof typeof denoJson.tasks];
  const words = command.split(" ").map((word) => word.replaceAll("'", ""));
  const program = words.indexOf("deno");
  const deno = Deno.execPath();
  const isPiped = task === "send" || flags[flags.indexOf("--out") + 1] === "-";
  const args = [words[program + 1]!, ...denoFlags, ...words.slice(program + 2), ...flags];
  const inShell = ["-c", `${before} && exec "$0" "$@"`, deno, ...args];
  return new Deno.Command(before === undefined ? deno : "/bin/sh", {
    args: before === undefined ? args : inShell,
    env: Object.fromEntries(words.slice(0, program).map((word) => word.split("=") as [string, string])),
    stdin: "null",
    stdout: isPiped ? "piped" : "null",
    stderr: "piped",
  }).spawn();
}

/** Runs `deno task` to its end; returns its exit code and output. */
export async function runToEnd(task: string, flags: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", task, ...flags],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** Sends datagrams from one socket of 127.0.0.1. Pauses after every 64, for the smallest buffers. */
export async function sendDatagrams(port: number, datagrams: Iterable<string | Uint8Array>): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const encoder = new TextEncoder();
  try {
    let sent = 0;
    for (const datagram of datagrams) {
      const bytes = typeof datagram === "string" ? encoder.encode(datagram) : datagram;
      await socket.send(bytes, { transport: "udp", hostname: "127.0.0.1", port });
      if (++sent % 64 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } finally {
    socket.close();
  }
}
