/** Reads the admin port of an aggregator process. */
import type { Service } from "../processes/aggregator_process.ts";

/** The flag that makes the aggregator's admin port listen on a free port. */
export const ADMIN = ["--admin", "127.0.0.1:0"];

export async function adminUrl(service: Service): Promise<string> {
  return `http://${(await service.event("admin")).address}`;
}

/** Fetches the metrics. The keys of the map are name and labels as the service writes them. */
export async function metricsOf(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

/** Returns the sum of a metric over all its labels. */
export function total(metrics: ReadonlyMap<string, number>, name: string): number {
  return [...metrics].filter(([key]) => key === name || key.startsWith(`${name}{`))
    .reduce((sum, [, value]) => sum + value, 0);
}

/** Fetches the metrics every 50 ms until the condition holds. @throws {Error} It did not hold within 20 s. */
export async function metricsUntil(
  url: string,
  condition: (metrics: ReadonlyMap<string, number>) => boolean,
): Promise<ReadonlyMap<string, number>> {
  for (const begunMs = performance.now();;) {
    const metrics = await metricsOf(url);
    if (condition(metrics)) return metrics;
    if (performance.now() - begunMs > 20_000) {
      throw new Error(`The metrics did not become as expected within 20 s: ${[...metrics].join("\n")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Returns the status of an answer. Reads its body to the end, so that no connection stays open. */
export async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.text();
  return response.status;
}
