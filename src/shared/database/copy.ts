import type postgres from "postgres";
import { Writable } from "node:stream";

/** What the library calls when something comes for a statement; its types leave it out. */
interface Statement {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  execute(): void;
}

/**
 * Runs statements, the last of which is a `copy … from stdin`, as one transaction; resolves once it is committed.
 *
 * The library (3.4.9) settles such a statement when the server asks for the data, and tells nobody what comes of it:
 * an error after the last byte leaves its stream open for ever. Here each word of the server is heard: the first
 * settles with the stream, the second says that it is committed.
 */
export function copyIn(sql: postgres.Sql, text: string, data: Uint8Array): Promise<void> {
  const committed = Promise.withResolvers<void>();
  const statement = sql.unsafe(text) as unknown as Statement;
  statement.reject = committed.reject;
  statement.resolve = (result) => {
    if (!(result instanceof Writable)) return committed.resolve();
    result.on("error", committed.reject);
    // At the end of a stream the library's own sends CopyFail, which may come to the next copy and end that.
    result._destroy = (error, callback) => callback(error);
    result.end(data);
  };
  statement.execute();
  return committed.promise;
}
