import { StoreReadOnly, StoreUnavailable } from "./errors.ts";

/** A value for $1, $2 and so on. JSON is passed as text: `$1::text::jsonb`. */
export type Parameter = string | number | boolean | null;

/**
 * A PostgreSQL database, on a server or embedded.
 *
 * There are no transactions across calls, on purpose. A client that stops between two statements would keep
 * its locks. And postgres.js 3.4.9 ends the process if the server goes away in between: the rollback after a
 * lost connection throws where nobody can catch it. So a change is one statement, or one `exec`, which makes
 * all of it or nothing.
 *
 * Every method throws {@linkcode StoreUnavailable} if there is no answer, and the database's own error if the
 * statement or its values are wrong.
 */
export interface Sql {
  /** Runs one statement. Cast each bigint (`count(*)::int`): the databases return it as different types. */
  query<Row>(text: string, parameters?: readonly Parameter[]): Promise<Row[]>;
  /** Runs several statements as one transaction. */
  exec(text: string): Promise<void>;
  /**
   * Runs several statements as one transaction, the last of which is a `copy … from stdin`, which reads
   * `data`. The embedded database lacks this method.
   */
  copy?(text: string, data: Uint8Array): Promise<void>;
  /** Calls `heard` with the payload of every notification, and without one when a connection was lost. */
  listen(channel: string, heard: (payload?: string) => void): Subscription;
  /** Makes the next statements run in new sessions. */
  renew(): void;
  close(): Promise<void>;
}

export interface Subscription {
  /** Runs one statement. Notifications of changes that it does not see yet will all reach `heard`. */
  query<Row>(text: string, parameters?: readonly Parameter[]): Promise<Row[]>;
  /** Whether notifications can arrive: a standby refuses LISTEN. */
  readonly isListening: boolean;
  /** Makes the next statement run in a new session: whether a session may write is fixed when it begins. */
  renew(): void;
}

/** SQLSTATE with which a standby or a read-only database refuses a change. */
export const READ_ONLY = "25006";

/** SQLSTATE of a mistake in values (22, 23) or in a statement (42): a retry would not help. */
const STATEMENT_ERROR = /^(22|23|42)[0-9A-Z]{3}$/;

/** Returns a {@linkcode StoreUnavailable} for an outage, the error itself for a mistake in a statement. */
export function translateError(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof StoreUnavailable || STATEMENT_ERROR.test(String(code))) return error;
  if (code === READ_ONLY) {
    return new StoreReadOnly(`The database refuses changes: ${message}`, { cause: error });
  }
  return new StoreUnavailable(`The database does not answer: ${message || code || error}`, { cause: error });
}

/**
 * Settles as `promise` does, but within `ms`.
 *
 * @throws {StoreUnavailable} `promise` did not settle in time.
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new StoreUnavailable(`The database does not answer: no reply within ${ms} ms`)),
    ms,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
