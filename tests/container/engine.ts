/**
 * Runs buildah and podman on a separate storage, so that the machine's other images and containers are not
 * touched.
 *
 * @module
 */

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

const INSTALL = "install it (Debian: apt-get install buildah podman runc mmdebstrap docker-compose)";

/** @throws {Error} A program is not installed; the message says what to install. */
export async function requirePrograms(...programs: string[]): Promise<void> {
  for (const program of programs) {
    await run(program, ["--version"]).catch((cause) => {
      throw new Error(`Cannot run ${program}: ${INSTALL}`, { cause });
    });
  }
}

/** Starts a program with its output piped. */
export function start(program: string, args: readonly string[], signal?: AbortSignal): Deno.ChildProcess {
  const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(program, { args: [...args], ...streams, ...(signal && { signal }) }).spawn();
}

/** Runs a program to its end. */
export async function run(program: string, args: readonly string[], signal?: AbortSignal): Promise<Result> {
  const { code, stdout, stderr } = await start(program, args, signal).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout).trim(), stderr: text.decode(stderr).trim() };
}

/**
 * Runs a program to its end, for its standard output.
 *
 * @throws {Error} It exits with anything but 0; the message has the last lines of its standard error.
 */
export async function succeed(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, args);
  if (code === 0) return stdout;
  const lastLines = stderr.split("\n").slice(-20).join("\n");
  throw new Error(`${program} ${args.join(" ")}\nexited with ${code}:\n${lastLines}`);
}

const CERTIFICATES = "/certificates.pem";

/** The deadline for pulling one base image. */
const PULL_LIMIT_MS = 180_000;

/** Images and containers below one directory. */
export class Engine {
  readonly #directory: string;

  /** @param directory An absolute path; {@linkcode Engine.remove} deletes it. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The storage driver vfs needs neither overlayfs nor FUSE, so it works inside another container, too. */
  buildahArgs(...args: string[]): string[] {
    const directory = this.#directory;
    return ["--root", `${directory}/root`, "--runroot", `${directory}/run`, "--storage-driver=vfs", ...args];
  }

  podmanArgs(...args: string[]): string[] {
    const options = ["--runtime=runc", "--cgroup-manager=cgroupfs", "--events-backend=none"];
    return [...this.buildahArgs(...options), ...args];
  }

  buildah(...args: string[]): Promise<string> {
    return succeed("buildah", this.buildahArgs(...args));
  }

  podman(...args: string[]): Promise<string> {
    return succeed("podman", this.podmanArgs(...args));
  }

  /** Returns the directory of a named volume's files. */
  volumePath(name: string): string {
    return `${this.#directory}/root/volumes/${name}/_data`;
  }

  /** Pulls an image from its registry. Returns undefined, or why the pull failed. */
  async pull(image: string): Promise<string | undefined> {
    const { code, stderr } = await run(
      "buildah",
      this.buildahArgs("pull", "--quiet", image),
      AbortSignal.timeout(PULL_LIMIT_MS),
    );
    return code === 0 ? undefined : stderr.split("\n").at(-1) || `nothing came for ${PULL_LIMIT_MS / 1000} s`;
  }

  /**
   * Makes a stand-in for an official Deno image from unpacked Debian packages and the Deno that runs this
   * test.
   *
   * @param hooks options of mmdebstrap that replace the packages' install scripts, which are not run
   * @param certificates a file of further certificates that Deno trusts when it fetches packages
   */
  async assemble(
    image: string,
    packages: readonly string[],
    hooks: readonly string[] = [],
    certificates?: string,
  ): Promise<void> {
    const archive = `${this.#directory}/${crypto.randomUUID()}.tar`;
    await succeed("mmdebstrap", [
      ...["--quiet", "--variant=extract", `--include=${packages.join(",")}`, ...hooks],
      ...["bookworm", archive],
    ]);
    const container = await this.buildah("from", "scratch");
    await this.buildah("add", "--quiet", container, archive, "/");
    await this.buildah("add", "--quiet", "--chmod", "755", container, Deno.execPath(), "/bin/deno");
    if (certificates) {
      await this.buildah("add", "--quiet", "--chmod", "644", container, certificates, CERTIFICATES);
      await this.buildah("config", "--env", `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`, container);
    }
    await this.buildah("commit", "--quiet", "--rm", container, image);
  }

  /** Returns the names in a directory of an image; none if the directory does not exist. */
  async files(image: string, directory: string): Promise<string[]> {
    const container = await this.buildah("from", "--pull-never", image);
    const root = await this.buildah("mount", container);
    try {
      return await Array.fromAsync(Deno.readDir(root + directory), ({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    } finally {
      await this.buildah("rm", container);
    }
  }

  /** Kills every container and removes the storage with everything in it. */
  async remove(): Promise<void> {
    await this.podman("rm", "--all", "--force", "--time", "0").catch((error) => console.error(error));
    await Deno.remove(this.#directory, { recursive: true });
  }
}
