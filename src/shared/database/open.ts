import type { Sql } from "./sql.ts";

export interface DatabaseOptions {
  /** postgres://USER:PASSWORD@HOST:PORT/DATABASE; empty or not given: the embedded PostgreSQL. */
  readonly databaseUrl?: string | undefined;
  /** Where the embedded PostgreSQL lives; made if it isn't there. */
  readonly dataDirectory: string;
  /** What the server calls its connections. */
  readonly name: string;
  /** The longest that a caller waits for a statement, where that is not the usual time. */
  readonly answerMs?: number;
}

/**
 * Opens the database. With a URL it does not wait for the server, which may be down; without one the embedded
 * PostgreSQL is open when it returns.
 *
 * @throws {SyntaxError | Deno.errors.NotCapable} The URL can't be used, or a permission is missing.
 * @throws {Error} The embedded PostgreSQL can't be opened, or is open in another process.
 */
export async function openSql({ databaseUrl, dataDirectory, ...options }: DatabaseOptions): Promise<Sql> {
  // Loaded when needed: the embedded one takes hundreds of megabytes.
  if (databaseUrl) return new (await import("./postgres.ts")).PostgresSql(databaseUrl, options);
  return await (await import("./pglite.ts")).EmbeddedSql.open(dataDirectory);
}
