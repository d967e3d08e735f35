import type { ProcessReadings } from "../metrics/process_metrics.ts";

/** In microseconds. Deno has it and its types do not; `node:process`, which has the same, takes 5 MB of memory. */
const { cpuUsage } = Deno as unknown as { cpuUsage(): { user: number; system: number } };

/** The processor time and the memory of the whole process. It takes no permission to ask, in any thread. */
export function usageOfProcess(): Pick<ProcessReadings, "cpuSeconds" | "residentBytes"> {
  const { user, system } = cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, residentBytes: Deno.memoryUsage().rss };
}
