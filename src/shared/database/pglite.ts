import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import fileSystem from "@electric-sql/pglite/pglite.data" with { type: "bytes" };
import initdb from "@electric-sql/pglite/initdb.wasm" with { type: "bytes" };
import postgres from "@electric-sql/pglite/pglite.wasm" with { type: "bytes" };
import { FILE_MODE, ForeignFile, openPlain, randomHex, unfinishedOf } from "../files/data_files.ts";
import { requireWithinGranted } from "../files/granted_path.ts";
import { type Parameter, type Sql, type Subscription, translateError } from "./sql.ts";
import { messageOf } from "../error_message.ts";

/**
 * The embedded PostgreSQL, in the subdirectory `postgres` of a data directory. One process at a time can have
 * it open. Its first start takes seconds.
 */
export class EmbeddedSql implements Sql {
  readonly #database: PGlite;
  readonly #lock: Deno.FsFile;
  #closed: Promise<void> | undefined;

  private constructor(database: PGlite, lock: Deno.FsFile) {
    this.#database = database;
    this.#lock = lock;
  }

  /**
   * Opens the database, and creates it if there is none.
   *
   * @throws {Error} Another process has it open, or it can't be opened.
   */
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
        `Cannot open the embedded database in "${directory}": ${messageOf(error)}; ` +
          "restore that directory from a backup, or move it away to begin with an empty database",
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
        await this.exec(`listen ${channel}`); // Once would be enough, but here a failure reaches the caller.
        return await this.query<Row>(text, parameters);
      },
      isListening: true,
      renew() {},
    };
  }

  renew(): void {
    // There is only one session, and no other process can set it read-only.
  }

  close(): Promise<void> {
    return this.#closed ??= this.#database.close().finally(() => this.#lock.close());
  }
}

/**
 * Locks a directory for this process. PGlite itself would let two processes open it, which loses data without
 * an error. The kernel releases the lock when the process ends, however it ends; the lock file stays.
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
      // Another process may have created the lock file since openPlain: then try again.
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    });
    if (made) return made;
  }
}

/** Creates a database under another name and renames it: a start killed half-way leaves nothing like one. */
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

/** Removes what killed starts have left. No other start can be in progress: this process holds the lock. */
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

/** Prepares the package's files. Importing them as bytes takes no permission, wherever they are cached. */
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
