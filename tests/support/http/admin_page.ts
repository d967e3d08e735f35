/** Where an aggregator tells of itself. */
import type { Service } from "../processes/aggregator_process.ts";

/** The flag that has it listen on a free port. */
export const ADMIN = ["--admin", "127.0.0.1:0"];

export async function adminUrl(service: Service): Promise<string> {
  return `http://${(await service.event("admin")).address}`;
}

/** The values of metrics by their name and labels, as they stand there. */
export async function metricsOf(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

/** The sum of a metric over its labels. */
export function total(metrics: ReadonlyMap<string, number>, name: string): number {
  return [...metrics].filter(([key]) => key === name || key.startsWith(`${name}{`))
    .reduce((sum, [, value]) => sum + value, 0);
}

/** Asks again and again until the condition holds. */
export async function metricsUntil(
  url: string,
  condition: (metrics: ReadonlyMap<string, number>) => boolean,
): Promise<ReadonlyMap<string, number>> {
  for (const begunMs = performance.now();;) {
    const metrics = await metricsOf(url);
    if (condition(metrics)) return metrics;
    if (performance.now() - begunMs > 20_000) {
      throw new Error(`It does not come to that: ${[...metrics].join("\n")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The status of an answer, which is read to its end. */
export async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.text();
  return response.status;
}
