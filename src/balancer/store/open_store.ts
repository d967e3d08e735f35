import { openSql } from "../../shared/database/open.ts";
import type { Log } from "../../shared/log.ts";
import { Repository } from "./repository.ts";
import type { Store } from "./store.ts";

export interface StoreOptions {
  /** postgres://USER:PASSWORD@HOST:PORT/DATABASE; empty or undefined: the embedded PostgreSQL. */
  readonly databaseUrl?: string | undefined;
  /** The directory of the embedded PostgreSQL; it is created if it does not exist. */
  readonly dataDirectory: string;
  readonly log: Log;
}

/**
 * Opens the store. With a URL it does not connect yet, so the server may be down. Without a URL it opens the
 * embedded PostgreSQL.
 *
 * @throws {SyntaxError} The URL is invalid.
 * @throws {Deno.errors.NotCapable} A permission is missing.
 * @throws {Error} The embedded PostgreSQL can't be opened, or another process has it open.
 */
export async function openStore({ databaseUrl, dataDirectory, log }: StoreOptions): Promise<Store> {
  return new Repository(await openSql({ databaseUrl, dataDirectory, name: "balancer" }), log);
}
