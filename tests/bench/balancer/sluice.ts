import { Child, type Program } from "../processes.ts";
import { programOfTask } from "../tasks.ts";
import type { Place } from "./contender.ts";
import { freePort } from "./ports.ts";
import { CDN_HOST, clusterName } from "./traffic.ts";

/** A new embedded database takes seconds to be made. */
const START_MS_MAX = 60_000;
const CHANGE_MS_MAX = 10_000;
/** Nothing listens there; the cost of sending is the same. */
const METRICS_TO = "127.0.0.1:9";

const token = crypto.getRandomValues(new Uint8Array(32)).toHex();

/** Directories of databases that hold their routes already. */
const filled = new Set<string>();

/** The balancer as the task starts it; its routes are kept from one run to the next. */
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
