/** A variable that changes how something runs; which of them Deno may see is the caller's choice. */
export function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name) || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** The lines that a process prints, without one that has no end. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** Megabytes that a process has in memory, now and at most since its start (proc_pid_status(5)). Runs /bin/sh. */
export async function memoryOf(pid: number): Promise<{ nowMb: number; mostMb: number }> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'exec cat "/proc/$1/status"', "sh", String(pid)],
  }).output();
  const status = new TextDecoder().decode(stdout);
  const [nowMb, mostMb] = ["VmRSS", "VmHWM"].map((name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)![1]) / 1024
  );
  return { nowMb: nowMb!, mostMb: mostMb! };
}

/** Starts store_writer.ts with these permissions and no others. */
export function startWriter(
  permissions: string[],
  { dataDirectory = "none", env = {} }: { dataDirectory?: string; env?: Record<string, string> },
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--frozen", ...permissions, "tests/support/store_writer.ts", dataDirectory],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
