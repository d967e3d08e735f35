import { dropAllPermissions, dropRead } from "../shared/process/process.ts";

/** The kinds of permissions that no thread holds once the service has started. */
const STARTUP_ONLY = ["ffi", "net", "env", "run", "sys", "import"] as const;

/**
 * Gives up the permissions that only the start needs: all but read and write, and reading `paths`. The permissions for
 * the directories in `kept` stay; without such directories no permission stays. After this no worker can be started.
 */
export function dropStartupPermissions(paths: readonly string[], kept: readonly string[]): void {
  if (kept.length === 0) return void dropAllPermissions();
  for (const name of STARTUP_ONLY) Deno.permissions.revokeSync({ name });
  dropRead(paths, ...kept);
}
