import type postgres from "postgres";
import { Writable } from "node:stream";

/** A query of postgres.js with the callbacks that its types leave out. */
interface Statement {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  execute(): void;
}

/**
 * Runs statements as one transaction, the last of which is a `copy … from stdin`. Resolves once it is
 * committed.
 *
 * postgres.js 3.4.9 settles such a query when the server asks for the data and ignores what the server says
 * later: after an error behind the last byte its stream stays open for ever. So the query's callbacks are
 * replaced. The first call brings the stream, the second confirms the commit.
 */
export function copyIn(sql: postgres.Sql, text: string, data: Uint8Array): Promise<void> {
  const committed = Promise.withResolvers<void>();
  const statement = sql.unsafe(text) as unknown as Statement;
  statement.reject = committed.reject;
  statement.resolve = (result) => {
    if (!(result instanceof Writable)) return committed.resolve();
    result.on("error", committed.reject);
    // The library's own `_destroy` sends CopyFail after the end of a stream, which may abort the next copy.
    result._destroy = (error, callback) => callback(error);
    result.end(data);
  };
  statement.execute();
  return committed.promise;
}
