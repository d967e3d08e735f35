import { StoreReadOnly, StoreUnavailable } from "./errors.ts";

/** What a statement is given for $1, $2 and so on. JSON goes as text: `$1::text::jsonb`. */
export type Parameter = string | number | boolean | null;

/**
 * What the store asks of a database. There is no transaction across calls, on purpose: a client that stops between
 * two statements would hold its locks, and postgres.js ends the process when the server goes away between them (in
 * 3.4.9 the rollback after a lost connection throws where nobody can catch it). One statement, or one `exec`, does
 * all of a change or nothing.
 *
 * Every method throws {@linkcode StoreUnavailable} when there is no answer, and the database's own error for what
 * is wrong with the statement or its values.
 */
export interface Sql {
  /** Runs one statement. Cast a bigint (`count(*)::int`): the databases differ in what they make of one. */
  query<Row>(text: string, parameters?: readonly Parameter[]): Promise<Row[]>;
  /** Runs several statements as one transaction. */
  exec(text: string): Promise<void>;
  /**
   * Runs several statements as one transaction, the last of which is a `copy … from stdin` that is given `data`.
   * The embedded database can't.
   */
  copy?(text: string, data: Uint8Array): Promise<void>;
  /** Calls `heard` for every notification on the channel, with what it says, and when a connection was lost. */
  listen(channel: string, heard: (payload?: string) => void): Subscription;
  /** Has statements run in sessions made from now on. */
  renew(): void;
  close(): Promise<void>;
}

export interface Subscription {
  /** Runs one statement. Whatever is committed and announced later than what it sees will be heard of. */
  query<Row>(text: string, parameters?: readonly Parameter[]): Promise<Row[]>;
  /** Whether notifications may come: a standby takes no LISTEN. */
  readonly isListening: boolean;
  /** Has the next statement run in a session of its own: one keeps for its life whether it may write. */
  renew(): void;
}

/** SQLSTATE of a change that a standby or a read-only database refuses. */
export const READ_ONLY = "25006";

/** SQLSTATE of what is wrong with values (22, 23) or with a statement (42): to try again would not help. */
const STATEMENT_ERROR = /^(22|23|42)[0-9A-Z]{3}$/;

/** Tells an outage from a mistake: {@linkcode StoreUnavailable} for the one, the error itself for the other. */
export function translateError(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof StoreUnavailable || STATEMENT_ERROR.test(String(code))) return error;
  if (code === READ_ONLY) {
    return new StoreReadOnly(`The database takes no changes: ${message}`, { cause: error });
  }
  return new StoreUnavailable(`The database does not answer: ${message || code || error}`, { cause: error });
}

/**
 * Settles as `promise` does, but no later than in `ms`.
 *
 * @throws {StoreUnavailable} It was too late.
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new StoreUnavailable(`The database does not answer: no word within ${ms} ms`)),
    ms,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
