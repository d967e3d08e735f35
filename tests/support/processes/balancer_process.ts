/** The balancer as its own process, with the command line and the permissions of `deno task balancer`. */
import denoJson from "../../../deno.json" with { type: "json" };
import { CLUSTER, SETTINGS } from "../simulated/balancer_in_process.ts";
import { linesOf } from "./processes.ts";
import type { LogEntry } from "../recorded_log.ts";

/** The URL of a database where nothing listens: port 1 of this host. */
export const DATABASE_DOWN = "postgres://balancer:secret@127.0.0.1:1/balancer";

/** The permissions that a test of this process needs. */
export const PROCESS_PERMISSIONS = {
  run: [Deno.execPath()],
  net: ["127.0.0.1"],
  read: ["data"],
  write: ["data"],
} satisfies Deno.PermissionOptionsObject;

/** The token of the user who changes the routes. */
const TOKEN = "0123456789abcdef".repeat(2);

/** The value of ADMIN_TOKENS. */
export const TOKENS = `alice:${TOKEN}`;

/** The variables of a start. Its own flags and variables take precedence. */
const DEFAULTS = {
  BALANCER_LISTEN: "127.0.0.1:0",
  BALANCER_ADMIN: "127.0.0.1:0",
  BALANCER_WORKERS: "2",
  BALANCER_LOG_FORMAT: "json",
  ADMIN_TOKENS: TOKENS,
};

/** No event comes later than this. The first start of the embedded database takes seconds. */
const PATIENCE_MS = 60_000;

export interface StartOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of Deno, before those of the task. */
  readonly denoFlags?: readonly string[];
  /** The limit of file descriptors. Needs run permission for /bin/sh. */
  readonly descriptors?: number;
}

export class BalancerProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #reading: Promise<void>;
  #newOutput = Promise.withResolvers<void>();
  #listening!: LogEntry;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#reading = this.#read();
  }

  /** Starts a balancer with its data in `directory`, on free ports of 127.0.0.1; waits until it listens. */
  static async start(directory: string, options: StartOptions = {}): Promise<BalancerProcess> {
    const { flags = [], env = {}, denoFlags = [], descriptors } = options;
    const command = [Deno.execPath(), ...commandOf(["--data", directory, ...flags], denoFlags)];
    const [program, ...args] = descriptors === undefined
      ? command
      : ["/bin/sh", "-c", `ulimit -n ${descriptors}; exec "$0" "$@"`, ...command];
    const service = new BalancerProcess(
      new Deno.Command(program!, {
        args,
        env: { ...DEFAULTS, ...env },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn(),
    );
    try {
      service.#listening = await service.event("listening");
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
    return service;
  }

  get log(): LogEntry[] {
    return this.#lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  get listening(): LogEntry {
    return this.#listening;
  }

  get port(): number {
    return Number(String(this.#listening.address).split(":").at(-1));
  }

  /** The URL of the admin API. */
  get url(): string {
    return `http://${this.#listening.admin}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Returns the status that `/readyz` reports. */
  async readiness(): Promise<unknown> {
    return (await (await fetch(`${this.url}/readyz`)).json()).status;
  }

  /** Returns the health of this cluster, as the admin API reports it. */
  // deno-lint-ignore no-explicit-any -- tests look into it as they please
  async health(cluster: string): Promise<any> {
    return await (await this.request("GET", `health/${cluster}`)).json();
  }

  /** Calls the admin API about the route of this cluster, with a token. */
  async call(method: string, cluster: string, body?: unknown): Promise<Response> {
    return await this.request(method, `routes/${cluster}`, body);
  }

  /** Calls the admin API, with a token. */
  async request(method: string, path: string, body?: unknown): Promise<Response> {
    return await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: { "Authorization": `Bearer ${TOKEN}`, "Content-Type": "application/json" },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
  }

  /** As `call`. @returns the route @throws {Error} The call does not succeed. */
  // deno-lint-ignore no-explicit-any -- tests look into it as they please
  async change(method: string, cluster: string, body?: unknown): Promise<any> {
    const response = await this.call(method, cluster, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} of ${cluster}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }

  /** Waits for an event of this name in the log. */
  async event(name: string): Promise<LogEntry> {
    let isOver = false;
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE_MS);
    const ended = this.#reading.then(() => void (isOver = true));
    try {
      for (;;) {
        const found = this.log.find(({ event }) => event === name);
        if (found) return found;
        if (isOver) throw new Error(`It ended before it logged "${name}":\n${this.#lines.join("\n")}`);
        await Promise.race([this.#newOutput.promise, ended]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits for the end; returns the exit code, and the log entry of the stop if there is one. */
  async ended(): Promise<{ code: number; stopped: LogEntry | undefined }> {
    const { code } = await this.#process.status;
    await this.#reading;
    return { code, stopped: this.log.find(({ event }) => event === "stopped") };
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
 * Returns the task's command without the `deno task` around it, so that a signal reaches the service itself.
 */
function commandOf(flags: readonly string[], denoFlags: readonly string[]): string[] {
  const words = denoJson.tasks.balancer.command.split(" ").map((word) => word.replaceAll("'", ""));
  return [words[1]!, ...denoFlags, ...words.slice(2), ...flags];
}

/** A route as a snapshot holds it. */
export const STORED_ROUTE = {
  cluster: CLUSTER,
  ...SETTINGS,
  version: 1,
  updatedAt: "2026-11-21T22:00:00Z",
  updatedBy: "a",
};

/** Writes routes to where a start without the database finds them. */
export async function writeSnapshot(directory: string, routes: readonly unknown[]): Promise<void> {
  await Deno.writeTextFile(`${directory}/routes.json`, JSON.stringify({ routes }));
}

/**
 * Returns the resident memory of the process in KB (proc_pid_status(5)). Needs run permission for /bin/sh.
 */
export async function residentKb({ pid }: BalancerProcess): Promise<number> {
  return await memoryKb(pid, "VmRSS");
}

/** Returns the most resident memory that the process has had so far, in KB. */
export async function mostResidentKb({ pid }: BalancerProcess): Promise<number> {
  return await memoryKb(pid, "VmHWM");
}

async function memoryKb(pid: number, name: string): Promise<number> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'exec cat "/proc/$1/status"', "sh", String(pid)],
  }).output();
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(new TextDecoder().decode(stdout))![1]);
}
