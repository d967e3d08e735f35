import { Child, type Program } from "../processes.ts";
import { programOfTask } from "../tasks.ts";
import type { Place } from "./contender.ts";
import { freePort } from "./ports.ts";
import { CDN_HOST, clusterName } from "./traffic.ts";

/** Long, because a start creates a new embedded database, which takes seconds. */
const START_MS_MAX = 60_000;
const CHANGE_MS_MAX = 10_000;
/** Nothing listens at this address, but sending costs the same. */
const METRICS_TO = "127.0.0.1:9";

const token = crypto.getRandomValues(new Uint8Array(32)).toHex();

/** Data directories whose databases have their routes already. */
const filled = new Set<string>();

/** Returns the balancer as its task starts it. The routes are stored once and kept for later runs. */
export async function sluiceProgram({ directory, port, clusters, core }: Place): Promise<Program> {
  const data = `${directory}/balancer-${clusters}`;
  const admin = freePort();
  const program = programOfTask("balancer", [
    ...["--listen", `127.0.0.1:${port}`, "--admin", `127.0.0.1:${admin}`],
    ...["--data", data, "--workers", "1", "--metrics-to", METRICS_TO, "--log-format", "json"],
  ]);
  const withToken = { ...program, env: { ...program.env, ADMIN_TOKENS: `bench:${token}` } };
  if (!filled.has(data)) {
    await using service = new Child(withToken, core);
    await service.event("listening", START_MS_MAX);
    for (let i = 0; i < clusters; i++) await putRoute(admin, clusterName(i));
    await service.stop();
    filled.add(data);
  }
  return withToken;
}

async function putRoute(admin: number, cluster: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${admin}/api/v1/routes/${cluster}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ cdn_host: CDN_HOST, cdn_weight: 9, origin_weight: 1 }),
    signal: AbortSignal.timeout(CHANGE_MS_MAX),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the route of ${cluster} was refused: ${response.status} ${text}`);
}
