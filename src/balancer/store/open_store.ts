import { openSql } from "../../shared/database/open.ts";
import type { Log } from "../../shared/log.ts";
import { Repository } from "./repository.ts";
import type { Store } from "./store.ts";

export interface StoreOptions {
  /** postgres://USER:PASSWORD@HOST:PORT/DATABASE; empty or not given: the embedded PostgreSQL. */
  readonly databaseUrl?: string | undefined;
  /** Where the embedded PostgreSQL lives; made if it isn't there. */
  readonly dataDirectory: string;
  readonly log: Log;
}

/**
 * Opens the store. With a URL it does not wait for the server, which may be down; without one the embedded PostgreSQL
 * is open when it returns.
 *
 * @throws {SyntaxError | Deno.errors.NotCapable} The URL can't be used, or a permission is missing.
 * @throws {Error} The embedded PostgreSQL can't be opened, or is open in another process.
 */
export async function openStore({ databaseUrl, dataDirectory, log }: StoreOptions): Promise<Store> {
  return new Repository(await openSql({ databaseUrl, dataDirectory, name: "balancer" }), log);
}
