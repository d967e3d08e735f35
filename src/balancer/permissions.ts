import type { BalancerConfig } from "./config.ts";
import { dropRead } from "../shared/process/process.ts";
import { hostsOf } from "../shared/database/database_server.ts";
import { formatHostPort } from "../shared/address.ts";

/** The kinds that nothing needs once the service has started. */
const STARTUP_ONLY = ["ffi", "env", "run", "sys"] as const;

/** Every host that `deno task balancer` may be told to listen on or to connect to, on any port. */
const LOCAL_HOSTS = ["localhost", "0.0.0.0", "127.0.0.1", "[::]", "[::1]"];

/** Of them, those that a probe may go to that is allowed to stay on this machine. */
export const PROBED_LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Gives up what only the start needs. What stays is net for `hosts`, where the master goes on connecting to or sending
 * to, and read and write of `dataDirectory`; `paths` are what else was read. Net for hosts elsewhere stays, too:
 * whoever grants them wants the master to probe them.
 */
export function dropStartupPermissions(
  hosts: readonly string[],
  paths: readonly string[],
  dataDirectory: string,
): void {
  for (const name of STARTUP_ONLY) Deno.permissions.revokeSync({ name });
  dropRead(paths, dataDirectory);
  // All hosts at once are nobody's wish to probe them: of them none can be given up alone.
  const hasAll = Deno.permissions.querySync({ name: "net" }).state === "granted";
  if (hosts.length === 0 && hasAll) Deno.permissions.revokeSync({ name: "net" });
  for (const host of LOCAL_HOSTS) {
    if (!hosts.includes(host)) Deno.permissions.revokeSync({ name: "net", host });
  }
}

/** The hosts that a running master goes on reaching out to: those of the database, of the metrics and of probes. */
export function hostsNeededBy(
  { databaseUrl, metricsTo, probePrivate }: Pick<
    BalancerConfig,
    "databaseUrl" | "metricsTo" | "probePrivate"
  >,
): string[] {
  const databases = databaseUrl === "" ? [] : hostsOf(databaseUrl);
  const metrics = metricsTo && formatHostPort(metricsTo).replace(/:\d+$/, "");
  const probed = probePrivate ? PROBED_LOCAL_HOSTS : [];
  return [...databases, metrics, ...probed].filter((host) => host !== undefined);
}
