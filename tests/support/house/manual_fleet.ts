/**
 * The fleet that a manual starts: two aggregators, two shippers and a PostgreSQL server in place of the
 * reader's.
 *
 * @module
 */
import { DatabaseServer } from "../database/database_server.ts";
import { Service } from "../processes/aggregator_process.ts";
import { ShipperProcess, until, wordsOf } from "../processes/shipper_process.ts";
import { makeDirectory } from "../disk/temporary_directory.ts";

/** Starts the processes of the fleet, all on one database, and stops them when it is disposed. */
export class ManualFleet implements AsyncDisposable {
  readonly #cleanUp = new AsyncDisposableStack();
  #directory: Promise<string> | undefined;
  #server: Promise<DatabaseServer> | undefined;

  async startAggregator(name = "", flags: string[] = []): Promise<string[]> {
    this.#cleanUp.use(
      await Service.start("start", [...flags, "--out", await this.#file(name)]),
    );
    return [];
  }

  async startShipper(name = "", flags: string[] = []): Promise<string[]> {
    const file = await this.#file(name);
    this.#cleanUp.use(
      await ShipperProcess.start(
        ["--file", file, ...flags],
        await this.#databaseUrl(),
      ),
    );
    return [];
  }

  /**
   * Runs the fleet command until it prints at least two windows and each has both instances. Returns its
   * lines.
   */
  async print(flags: string[] = []): Promise<string[]> {
    const databaseUrl = await this.#databaseUrl();
    return await until(
      "windows of both",
      async () => {
        const { code, stdout } = await new Deno.Command(Deno.execPath(), {
          args: [...wordsOf("fleet"), ...flags],
          env: { DATABASE_URL: databaseUrl },
          stdin: "null",
        }).output();
        return code === 0 ? new TextDecoder().decode(stdout).trimEnd().split("\n") : [];
      },
      (lines) =>
        lines.length >= 2 &&
        lines.every((line) => line.endsWith('"instances":2}')),
    );
  }

  async #file(name: string): Promise<string> {
    this.#directory ??= makeDirectory().then((directory) => {
      this.#cleanUp.defer(() => Deno.remove(directory, { recursive: true }));
      return directory;
    });
    return `${await this.#directory}/${name}.jsonl`;
  }

  async #databaseUrl(): Promise<string> {
    this.#server ??= DatabaseServer.start().then((server) => this.#cleanUp.use(server));
    return (await this.#server).url();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.disposeAsync();
  }
}
