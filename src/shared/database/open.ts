import type { Sql } from "./sql.ts";

export interface DatabaseOptions {
  /** postgres://USER:PASSWORD@HOST:PORT/DATABASE; empty or not given: the embedded PostgreSQL. */
  readonly databaseUrl?: string | undefined;
  /** Directory of the embedded PostgreSQL; it is created if it does not exist. */
  readonly dataDirectory: string;
  /** `application_name` of the connections. */
  readonly name: string;
  /** Deadline for a statement; default: 2 s. */
  readonly answerMs?: number;
}

/**
 * Opens the database. With a URL it does not connect yet, so the server may be down. Without a URL it opens
 * the embedded PostgreSQL.
 *
 * @throws {SyntaxError | Deno.errors.NotCapable} The URL can't be used, or a permission is missing.
 * @throws {Error} The embedded PostgreSQL can't be opened, or is open in another process.
 */
export async function openSql({ databaseUrl, dataDirectory, ...options }: DatabaseOptions): Promise<Sql> {
  // Imported on demand: the embedded PostgreSQL takes hundreds of megabytes.
  if (databaseUrl) return new (await import("./postgres.ts")).PostgresSql(databaseUrl, options);
  return await (await import("./pglite.ts")).EmbeddedSql.open(dataDirectory);
}
