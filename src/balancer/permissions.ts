import type { BalancerConfig } from "./config.ts";
import { dropRead } from "../shared/process.ts";
import { parseDatabaseUrl } from "./store/database_url.ts";
import { formatAddress } from "./spawn.ts";

/** The kinds that nothing needs once the service has started. */
const STARTUP_ONLY = ["ffi", "env", "run", "sys"] as const;

/** Every host that `deno task balancer` may be told to listen on or to connect to, on any port. */
const LOCAL_HOSTS = ["localhost", "0.0.0.0", "127.0.0.1", "[::]", "[::1]"];

/**
 * Gives up what only the start needs. What stays is net for `hosts`, where the master goes on connecting to or sending
 * to, and read and write of `dataDirectory`; `paths` are what else was read.
 */
export function dropStartupPermissions(
  hosts: readonly string[],
  paths: readonly string[],
  dataDirectory: string,
): void {
  for (const name of STARTUP_ONLY) Deno.permissions.revokeSync({ name });
  dropRead(paths, dataDirectory);
  if (hosts.length === 0) Deno.permissions.revokeSync({ name: "net" });
  for (const host of LOCAL_HOSTS) {
    if (!hosts.includes(host)) Deno.permissions.revokeSync({ name: "net", host });
  }
}

/** The hosts that a running master goes on reaching out to: those of the database and of the metrics. */
export function hostsNeededBy(
  { databaseUrl, metricsTo }: Pick<BalancerConfig, "databaseUrl" | "metricsTo">,
): string[] {
  const databases = databaseUrl === ""
    ? []
    : parseDatabaseUrl(databaseUrl).hosts.flatMap((host) =>
      "path" in host
        ? [`unix:${host.path}`]
        : [host.hostname.includes(":") ? `[${host.hostname}]` : host.hostname]
    );
  const metrics = metricsTo && formatAddress(metricsTo).replace(/:\d+$/, "");
  return [...databases, metrics].filter((host) => host !== undefined);
}
