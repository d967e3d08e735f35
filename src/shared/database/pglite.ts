import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import fileSystem from "@electric-sql/pglite/pglite.data" with { type: "bytes" };
import initdb from "@electric-sql/pglite/initdb.wasm" with { type: "bytes" };
import postgres from "@electric-sql/pglite/pglite.wasm" with { type: "bytes" };
import { FILE_MODE, ForeignFile, openPlain, randomHex, unfinishedOf } from "../files/data_files.ts";
import { requireWithinGranted } from "../files/granted_path.ts";
import { type Parameter, type Sql, type Subscription, translateError } from "./sql.ts";

/** An embedded PostgreSQL, in the folder `postgres` of a directory. The first start takes seconds. */
export class EmbeddedSql implements Sql {
  readonly #database: PGlite;
  readonly #lock: Deno.FsFile;
  #closed: Promise<void> | undefined;

  private constructor(database: PGlite, lock: Deno.FsFile) {
    this.#database = database;
    this.#lock = lock;
  }

  /** @throws {Error} Another process has it open, or it can't be opened. */
  static async open(dataDirectory: string): Promise<EmbeddedSql> {
    const directory = `${dataDirectory}/postgres`;
    await requireWithinGranted(dataDirectory);
    await Deno.mkdir(dataDirectory, { recursive: true });
    const lock = await takeLock(directory);
    try {
      return new EmbeddedSql(await openDatabase(directory), lock);
    } catch (error) {
      lock.close();
      if (error instanceof Deno.errors.NotCapable) throw error;
      throw new Error(
        `Cannot open the embedded database in "${directory}": ${
          error instanceof Error ? error.message : error
        }; ` +
          "bring that directory back from a copy, or move it away to begin with an empty one",
        { cause: error },
      );
    }
  }

  async query<Row>(text: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    try {
      return (await this.#database.query<Row>(text, [...parameters])).rows;
    } catch (error) {
      throw translateError(error);
    }
  }

  async exec(text: string): Promise<void> {
    try {
      await this.#database.exec(text);
    } catch (error) {
      throw translateError(error);
    }
  }

  listen(channel: string, heard: (payload?: string) => void): Subscription {
    this.#database.onNotification((on, payload) => {
      if (on === channel) heard(payload);
    });
    return {
      query: async <Row>(text: string, parameters?: readonly Parameter[]) => {
        await this.exec(`listen ${channel}`); // Once would do; here a failure has somebody to tell.
        return await this.query<Row>(text, parameters);
      },
      isListening: true,
      renew() {},
    };
  }

  renew(): void {
    // There is one session, and nobody else to set it read-only.
  }

  close(): Promise<void> {
    return this.#closed ??= this.#database.close().finally(() => this.#lock.close());
  }
}

/**
 * Two processes on one directory would lose data without an error, and nothing in PGlite prevents it. The kernel
 * frees the lock of a process that ends, however it ends; the file stays.
 */
async function takeLock(directory: string): Promise<Deno.FsFile> {
  const lock = await openLock(`${directory}.lock`);
  if (await lock.tryLock(true)) return lock;
  lock.close();
  throw new Error(
    `Cannot open the embedded database in "${directory}": another process has it open. Stop that process, give ` +
      "this one a directory of its own with --data, or set DATABASE_URL to a server that both can use",
  );
}

async function openLock(path: string): Promise<Deno.FsFile> {
  for (;;) {
    const there = await openPlain(path).catch((error) => {
      throw error instanceof ForeignFile ? new Error(`Cannot use ${path}: ${error.message}`) : error;
    });
    if (there) return there.file;
    const made = await Deno.open(path, { createNew: true, write: true, mode: FILE_MODE }).catch((error) => {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error; // made by another process in this moment
    });
    if (made) return made;
  }
}

/** Made beside and moved: a start that was killed half-way leaves nothing that looks like a database. */
async function openDatabase(directory: string): Promise<PGlite> {
  if (!await exists(directory)) {
    await removeUnfinishedDatabases(directory);
    const unfinished = `${directory}.${randomHex()}.new`;
    const database = await PGlite.create(unfinished, await parts());
    await database.close();
    await Deno.rename(unfinished, directory);
  }
  return await PGlite.create(directory, await parts());
}

/** What starts have left that were killed half-way; none is under way, this process has the lock. */
async function removeUnfinishedDatabases(directory: string): Promise<void> {
  for await (const { name } of Deno.readDir(dirname(directory))) {
    const path = join(dirname(directory), name);
    const isUnfinished = unfinishedOf(path) === directory || path === `${directory}.new`;
    if (isUnfinished) await Deno.remove(path, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Imported as bytes, the files of the package take no permission to read, wherever they are cached. */
async function parts() {
  const [pgliteWasmModule, initdbWasmModule] = await Promise.all(
    [postgres, initdb].map((bytes) => WebAssembly.compile(bytes)),
  );
  return {
    fsBundle: new Blob([fileSystem]),
    pgliteWasmModule: pgliteWasmModule!,
    initdbWasmModule: initdbWasmModule!,
  };
}
