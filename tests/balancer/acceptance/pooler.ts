/**
 * Runs PgBouncer in front of a test's PostgreSQL. PgBouncer must be installed on the system.
 *
 * @module
 */
import { freePort, PASSWORD } from "../../support/database/database_server.ts";

/** Runs PgBouncer until the script's input ends. `$1` is the configuration, `$2` the password. */
const SERVE = `
set -eu
PATH=$PATH:/usr/sbin
command -v pgbouncer >/dev/null || { echo missing; exit 0; }
umask 077
directory=$(mktemp -d "\${TMPDIR:-/tmp}/pooler-test.XXXXXX")
trap 'rm -rf "$directory"' EXIT
trap '' INT TERM HUP
printf '"postgres" "%s"\\n' "$2" >"$directory/users"
printf '%s\\nauth_file = %s\\n' "$1" "$directory/users" >"$directory/pooler.ini"
pgbouncer "$directory/pooler.ini" >"$directory/log" 2>&1 &
pooler=$!
echo started
cat >/dev/null
kill -9 $pooler
wait $pooler 2>/dev/null || true
`;
/** The user id of `nobody`, who runs PgBouncer if root runs the tests. */
const NOBODY = 65_534;

export type PoolMode = "session" | "transaction" | "statement";

/** @throws {Error} PgBouncer is missing. */
export async function startPooler(
  serverPort: number,
  mode: PoolMode,
): Promise<{ port: number } & AsyncDisposable> {
  const port = freePort();
  const settings = [
    "[databases]",
    `* = host=127.0.0.1 port=${serverPort} user=postgres password=${PASSWORD}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = plain",
    `pool_mode = ${mode}`,
  ].join("\n");
  const isRoot = Deno.uid?.() === 0;
  const shell = new Deno.Command("/bin/sh", {
    args: ["-c", SERVE, "sh", settings, PASSWORD],
    ...isRoot ? { uid: NOBODY, gid: NOBODY } : {},
    cwd: "/",
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const answers = shell.stdout.getReader();
  const { value } = await answers.read();
  const stop = async () => {
    await shell.stdin.close();
    await shell.status;
    await answers.cancel();
  };
  if (new TextDecoder().decode(value) !== "started\n") {
    await stop();
    throw new Error("Cannot run this test: pgbouncer is missing; install the package pgbouncer of Debian");
  }
  await connectable(port);
  return { port, [Symbol.asyncDispose]: stop };
}

async function connectable(port: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
