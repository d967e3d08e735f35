import { dropAllPermissions, dropRead } from "../shared/process/process.ts";

/** The kinds that no thread holds once the service has started. */
const STARTUP_ONLY = ["ffi", "net", "env", "run", "sys", "import"] as const;

/**
 * Gives up what only the start needs: everything but read and write, and of those the paths in `paths`. What the
 * directories in `kept` were granted stays; without any, nothing does. No worker can be started from here on.
 */
export function dropStartupPermissions(paths: readonly string[], kept: readonly string[]): void {
  if (kept.length === 0) return void dropAllPermissions();
  for (const name of STARTUP_ONLY) Deno.permissions.revokeSync({ name });
  dropRead(paths, ...kept);
}
