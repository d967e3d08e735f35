import { Child, type Program, run } from "./processes.ts";

/** A program or library that a contender needs and not every machine has. */
export interface Tool {
  /** The program's name; for a library, its header. */
  readonly program: string;
  /** The flag that makes the program end at once; null for a header. */
  readonly versionFlag: string | null;
  readonly debianPackages: string;
}

export const TOOLS = {
  cc: { program: "cc", versionFlag: "--version", debianPackages: "gcc libc6-dev" },
  cxx: { program: "c++", versionFlag: "--version", debianPackages: "g++" },
  simdjson: { program: "simdjson.h", versionFlag: null, debianPackages: "libsimdjson-dev" },
  rapidjson: { program: "rapidjson/reader.h", versionFlag: null, debianPackages: "rapidjson-dev" },
  node: { program: "node", versionFlag: "--version", debianPackages: "nodejs" },
  wrk: { program: "wrk", versionFlag: "-v", debianPackages: "wrk" },
  nginx: { program: "nginx", versionFlag: "-v", debianPackages: "nginx-light" },
  haproxy: { program: "haproxy", versionFlag: "-v", debianPackages: "haproxy" },
} as const satisfies Record<string, Tool>;

/** The exit code of a shell that does not find a program. */
const EXIT_NOT_FOUND = 127;
const FIND_HEADER = 'c++ -M -include "$1" -x c++ /dev/null';
const TOOL_MS_MAX = 60_000;

/** The cores of the contenders and of what loads them. On a machine with one core both are the same. */
export interface Cores {
  readonly receiver: number;
  readonly sender: number;
}

/** The numbers in a list such as `0-2,8`, ascending. */
export function parseCpuList(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

/** The first two cores that this process may use. @throws {Error} `taskset` is missing. */
export async function chooseCores(): Promise<Cores> {
  const taskset = new Deno.Command("taskset", { args: ["--cpu-list", "--pid", String(Deno.pid)] });
  let stdout: Uint8Array<ArrayBuffer>;
  try {
    ({ stdout } = await taskset.output());
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      "Cannot pin processes to cores: taskset is missing; on Debian: apt-get install util-linux",
    );
  }
  const list = new TextDecoder().decode(stdout).trim().split(" ").at(-1)!;
  const [receiver, sender = receiver] = parseCpuList(list);
  return { receiver: receiver!, sender: sender! };
}

export async function hasTool({ program, versionFlag }: Tool, core: number): Promise<boolean> {
  const probe: Program = versionFlag === null
    ? { path: "sh", args: ["-c", `${FIND_HEADER} || exit ${EXIT_NOT_FOUND}`, "sh", program] }
    : { path: program, args: [versionFlag] };
  await using child = new Child(probe, core);
  return await child.exitCode(TOOL_MS_MAX) !== EXIT_NOT_FOUND;
}

/** How to compile a program that consists of one file. */
export interface Build {
  readonly source: URL;
  /** The name of the program. */
  readonly into: string;
  readonly compiler: Tool;
  /** Flags after the source, because libraries must follow it. */
  readonly flags?: readonly string[];
}

/**
 * Compiles a program into a directory.
 *
 * @throws {Error} The compiler failed; the message quotes its output.
 */
export async function compile(build: Build, directory: string, core: number): Promise<void> {
  const { source, into, compiler, flags = [] } = build;
  const args = ["-O3", "-o", `${directory}/${into}`, source.pathname, ...flags];
  await run({ path: compiler.program, args }, core, TOOL_MS_MAX);
}

/** The most resident memory that a process has had so far, in bytes (VmHWM of proc(5)). */
export async function residentBytesMax(pid: number, core: number): Promise<number> {
  // Deno lets a program read /proc only if it has all permissions.
  const lines = await run({ path: "cat", args: [`/proc/${pid}/status`] }, core, TOOL_MS_MAX);
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(lines.join("\n"))?.[1];
  if (kilobytes === undefined) throw new Error(`Cannot read the memory of process ${pid}: it has ended`);
  return Number(kilobytes) * 1024;
}

/**
 * Returns how many datagrams the kernel has dropped so far because the sockets on this port had no room.
 *
 * @param table the lines of `/proc/net/udp`: column 2 is the local address, `HEX:PORT`, the last column the
 * drops
 */
export function parseDrops(table: readonly string[], port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix))
    .reduce((sum, columns) => sum + Number(columns.at(-1)), 0);
}

/** Returns how many datagrams the sockets on this port have dropped so far; see {@linkcode parseDrops}. */
export async function droppedBy(port: number, core: number): Promise<number> {
  return parseDrops(await run({ path: "cat", args: ["/proc/net/udp"] }, core, TOOL_MS_MAX), port);
}

/**
 * Describes the machine for quoted figures: `Intel(R) Xeon(R) Processor (model 207), Linux 6.18.44`.
 *
 * @param cpuinfo the lines of `/proc/cpuinfo`; on ARM they have no model name
 * @param release `/proc/sys/kernel/osrelease`
 */
export function parseMachine(cpuinfo: readonly string[], release: string): string {
  const fields = new Map(cpuinfo.map((line) => {
    const [name = "", value = ""] = line.split(":", 2);
    return [name.trim(), value.trim()];
  }));
  const [name, model] = [fields.get("model name") ?? `${Deno.build.arch} processor`, fields.get("model")];
  return `${name}${model === undefined ? "" : ` (model ${model})`}, Linux ${release}`;
}

/** Describes this machine; see {@linkcode parseMachine}. */
export async function machine(core: number): Promise<string> {
  const read = (path: string) => run({ path: "cat", args: [path] }, core, TOOL_MS_MAX);
  return parseMachine(await read("/proc/cpuinfo"), (await read("/proc/sys/kernel/osrelease"))[0]!);
}
