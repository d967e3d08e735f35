import { hostsOf } from "../shared/database/database_server.ts";
import { dropRead } from "../shared/process/process.ts";

/** The kinds that nothing needs once the service has started. */
const STARTUP_ONLY = ["ffi", "env", "run", "sys", "import"] as const;

/** Every host that `deno task ship` and the container may be told to listen on or to connect to, on any port. */
const LOCAL_HOSTS = ["localhost", "0.0.0.0", "127.0.0.1", "[::]", "[::1]"];

/**
 * Gives up what only the start needs. What stays is net for the database, read of the directory of records, and with an
 * embedded database read and write of its directory.
 *
 * @param databaseUrl empty: the embedded database
 * @param kept the directories that go on being read
 */
export function dropStartupPermissions(databaseUrl: string, kept: readonly string[]): void {
  for (const name of STARTUP_ONLY) Deno.permissions.revokeSync({ name });
  for (const path of kept) dropRead([".env"], path);
  const hosts = databaseUrl === "" ? [] : hostsOf(databaseUrl);
  if (hosts.length === 0) Deno.permissions.revokeSync({ name: "net" });
  for (const host of LOCAL_HOSTS) {
    if (!hosts.includes(host)) Deno.permissions.revokeSync({ name: "net", host });
  }
  // A socket of this machine takes the permission to write to it.
  if (databaseUrl !== "" && !hosts.some((host) => host.startsWith("unix:"))) {
    Deno.permissions.revokeSync({ name: "write" });
  }
}
