import type { BalancerConfig } from "./config.ts";
import { dropRead } from "../shared/process/process.ts";
import { hostsOf } from "../shared/database/database_server.ts";
import { formatHostPort } from "../shared/address.ts";

/** The kinds of permissions that only the start needs. */
const STARTUP_ONLY = ["ffi", "env", "run", "sys"] as const;

/** The hosts that `deno task balancer` may listen on or connect to, on any port. */
const LOCAL_HOSTS = ["localhost", "0.0.0.0", "127.0.0.1", "[::]", "[::1]"];

/** The hosts of this machine that may be probed with `--probe-private on`. */
export const PROBED_LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Gives up the permissions that only the start needs. The master keeps read and write of `dataDirectory`, and net for
 * `hosts`, which it connects or sends to. It also keeps net for hosts of other machines: an operator who grants them
 * wants the master to probe them.
 *
 * @param paths the other paths that the start has read
 */
export function dropStartupPermissions(
  hosts: readonly string[],
  paths: readonly string[],
  dataDirectory: string,
): void {
  for (const name of STARTUP_ONLY) Deno.permissions.revokeSync({ name });
  dropRead(paths, dataDirectory);
  // A grant of all hosts is no wish to probe all of them. Deno can only revoke such a grant as a whole.
  const hasAll = Deno.permissions.querySync({ name: "net" }).state === "granted";
  if (hosts.length === 0 && hasAll) Deno.permissions.revokeSync({ name: "net" });
  for (const host of LOCAL_HOSTS) {
    if (!hosts.includes(host)) Deno.permissions.revokeSync({ name: "net", host });
  }
}

/** Returns the hosts that a running master connects or sends to: for the database, the metrics and probes. */
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
