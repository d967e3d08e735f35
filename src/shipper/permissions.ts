import { hostsOf } from "../shared/database/database_server.ts";
import { dropRead } from "../shared/process/process.ts";

/** The kinds of permissions that only the start needs. */
const STARTUP_ONLY = ["ffi", "env", "run", "sys", "import"] as const;

/** The hosts that `deno task ship` and the container may listen on or connect to, on any port. */
const LOCAL_HOSTS = ["localhost", "0.0.0.0", "127.0.0.1", "[::]", "[::1]"];

/**
 * Gives up the permissions that only the start needs. The shipper keeps net for the database and read of the directory
 * of records, and with an embedded database read and write of that database's directory.
 *
 * @param databaseUrl empty: the embedded database
 * @param kept the directories that stay readable
 */
export function dropStartupPermissions(databaseUrl: string, kept: readonly string[]): void {
  for (const name of STARTUP_ONLY) Deno.permissions.revokeSync({ name });
  for (const path of kept) dropRead([".env"], path);
  const hosts = databaseUrl === "" ? [] : hostsOf(databaseUrl);
  if (hosts.length === 0) Deno.permissions.revokeSync({ name: "net" });
  for (const host of LOCAL_HOSTS) {
    if (!hosts.includes(host)) Deno.permissions.revokeSync({ name: "net", host });
  }
  // Only a Unix socket needs the permission to write, to the socket.
  if (databaseUrl !== "" && !hosts.some((host) => host.startsWith("unix:"))) {
    Deno.permissions.revokeSync({ name: "write" });
  }
}
