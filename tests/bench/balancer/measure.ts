import { fileURLToPath } from "node:url";
import type { Bench } from "../contest.ts";
import { idle } from "../idle.ts";
import { residentBytesMax, TOOLS } from "../machine.ts";
import { Child } from "../processes.ts";
import type { Measurement } from "../stats.ts";
import { type Column, fixed, integer, percent } from "../table.ts";
import type { Contender } from "./contender.ts";
import type { Load } from "./loads.ts";
import { freePort } from "./ports.ts";
import { requestPath, targets, VIDEOS } from "./traffic.ts";

export const COLUMNS: readonly [Column, ...Column[]] = [
  { figure: "cpuUs", title: "CPU µs/request", show: fixed(1) },
  { figure: "loss", title: "errors", show: percent },
  { figure: "requestsPerSecond", title: "requests/s", show: integer },
  { figure: "latencyMs99", title: "p99 ms at half that", show: fixed(2), compared: true },
  { figure: "residentBytesMax", title: "memory MB", show: (bytes) => fixed(0)(bytes / 1e6) },
  { figure: "processCpuMs", title: "CPU ms in all", show: integer },
];

const WRK_SCRIPT = fileURLToPath(new URL("./wrk.lua", import.meta.url));
const START_MS_MAX = 30_000;
const RETRY_MS = 20;
const ANSWER_MS_MAX = 5000;
const WARM_UP_SECONDS = 1;
/** How long wrk may take beyond the time of the load. */
const WRK_MS_MAX = 15_000;

/** The report of wrk.lua. */
interface Traffic {
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  readonly latencyMs99: number;
}

/**
 * Starts a contender, checks its redirects, warms it up, loads it as hard as wrk can, and ends it. Its
 * processor time counts from just before the load until it is idle again. `processCpuMs` counts from its
 * start.
 *
 * @throws {Error} The contender does not start, or redirects to a wrong place.
 */
export async function measure(bench: Bench, contender: Contender, load: Load): Promise<Measurement> {
  const { directory, cores, clock, options: { seconds } } = bench;
  const { clusters } = load;
  const port = freePort();
  const program = await contender.prepare({ directory, port, clusters, core: cores.receiver });
  await using server = new Child(program, cores.receiver);
  await checkAnswers(server, port, clusters);
  const traffic = (seconds: number, rate?: number) => runWrk(port, load, cores.sender, seconds, rate);
  await traffic(WARM_UP_SECONDS);
  await idle(clock, server.pid);
  const beforeMs = clock.ms(server.pid);
  const full = await traffic(seconds);
  await idle(clock, server.pid);
  const afterMs = clock.ms(server.pid);
  const requestsPerSecond = full.requests / full.seconds;
  const latency = load.latency
    ? { latencyMs99: (await traffic(seconds, requestsPerSecond / 2)).latencyMs99 }
    : {};
  const memory = await residentBytesMax(server.pid, cores.sender);
  await server.terminate();
  if (full.requests === 0) throw new Error("it answered nothing of the load");
  return {
    cpuUs: (afterMs - beforeMs) * 1e3 / full.requests,
    loss: full.errors / (full.requests + full.errors),
    requestsPerSecond,
    ...latency,
    residentBytesMax: memory,
    processCpuMs: afterMs,
  };
}

/** Waits until the contender listens, and checks some redirects. @throws {Error} A redirect is wrong. */
async function checkAnswers(server: Child, port: number, clusters: number): Promise<void> {
  await untilListening(server, port);
  for (let i = 0; i < VIDEOS; i += VIDEOS / 10) {
    const response = await fetch(`http://127.0.0.1:${port}${requestPath(i, clusters)}`, {
      redirect: "manual",
      headers: { connection: "close" },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    await response.body?.cancel();
    const location = response.headers.get("location");
    if (response.status !== 301 || location === null || !targets(i, clusters).includes(location)) {
      throw new Error(`it answers ${response.status}, location ${location}, for video ${i}`);
    }
  }
}

async function untilListening(server: Child, port: number): Promise<void> {
  for (const startMs = performance.now();;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      // A contender may try its address first: then a connection is accepted, and is gone before it is looked at.
      const isTooEarly = error instanceof Deno.errors.ConnectionRefused ||
        error instanceof Deno.errors.NotConnected;
      if (!isTooEarly) throw error;
    }
    server.checkRunning();
    if (performance.now() - startMs > START_MS_MAX) {
      throw new Error(`it does not listen after ${START_MS_MAX / 1000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** @param rate how many requests to send per second, about; by default as many as possible */
async function runWrk(
  port: number,
  { connections, newConnections, clusters, videos }: Load,
  core: number,
  seconds: number,
  rate?: number,
): Promise<Traffic> {
  const header = newConnections ? ["--header", "Connection: close"] : [];
  const delay = rate === undefined ? [] : [(connections / rate * 1000).toFixed(3)];
  const args = [
    ...["--threads", "1", "--connections", String(connections), "--duration", `${seconds}s`],
    ...["--timeout", "5s", "--script", WRK_SCRIPT, ...header],
    ...[`http://127.0.0.1:${port}`, "--", String(clusters), String(videos), ...delay],
  ];
  await using wrk = new Child({ path: TOOLS.wrk.program, args }, core);
  await wrk.end(seconds * 1000 + WRK_MS_MAX);
  return await wrk.event("done", 0) as unknown as Traffic;
}
