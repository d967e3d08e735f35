import postgres from "postgres";
import { type DatabaseServer, serverOf } from "./database_server.ts";
import type { SessionAttributes } from "./database_url.ts";
import { copyIn } from "./copy.ts";
import { Dialer } from "./dialer.ts";
import { type Parameter, type Sql, type Subscription, translateError, within } from "./sql.ts";
import { StoreReadOnly, StoreUnavailable } from "./errors.ts";

/** Connections for queries. Subscriptions and copies have connections of their own. */
const CONNECTIONS_MAX = 4;
/** Default deadline for a statement. */
const ANSWER_MS = 2_000;
/** Deadline for `exec` and `copy`: a migration may have to wait for that of another instance. */
const EXEC_MS = 10_000;
/** Longer than the services' deadlines, so that {@linkcode Connections} gives up first, not the library. */
const CONNECT_TIMEOUT_SECONDS = 30;

/**
 * SQL on a PostgreSQL server. The constructor does not connect: the server may be down.
 *
 * @throws {SyntaxError} The URL is invalid. The message never contains the URL, which may contain a password.
 * @throws {Deno.errors.NotCapable} The permission for the server, or for the library's variables, is missing.
 */
export class PostgresSql implements Sql {
  readonly #server: DatabaseServer;
  readonly #pool: Connections;
  #copies: Connections | undefined;
  #copied: Promise<void> = Promise.resolve();
  readonly #all: Connections[] = [];
  readonly #name: string;
  readonly #answerMs: number;

  constructor(databaseUrl: string, { name = "sluice", answerMs = ANSWER_MS }: SessionOptions = {}) {
    this.#server = serverOf(databaseUrl);
    this.#name = name;
    this.#answerMs = answerMs;
    this.#pool = this.#connect({ max: CONNECTIONS_MAX });
  }

  query<Row>(text: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    return this.#pool.query(text, parameters);
  }

  async exec(text: string): Promise<void> {
    await this.#pool.run((sql) => sql.unsafe(text), EXEC_MS);
  }

  /** Copies run in turn on their own connection: the library would send other statements into the data. */
  copy(text: string, data: Uint8Array): Promise<void> {
    const copies = this.#copies ??= this.#connect({ max: 1 });
    const copied = this.#copied.then(() => copies.run((sql) => copyIn(sql, text, data), EXEC_MS));
    this.#copied = copied.catch(() => {});
    return copied;
  }

  /**
   * Does not use the library's `listen`, which hides its connection: a dead one can't be told from a quiet
   * one. Here the queries run on the connection that listens, and each answer proves that it is alive.
   */
  listen(channel: string, heard: (payload?: string) => void): Subscription {
    const connections = this.#connect({ max: 1, max_lifetime: null, heard });
    let isListening = false;
    return {
      async query<Row>(text: string, parameters: readonly Parameter[] = []) {
        try {
          await connections.query(`listen ${channel}`, []); // No effect on a connection that listens already.
          isListening = true;
        } catch (error) {
          if (!(error instanceof StoreReadOnly)) throw error;
          isListening = false;
        }
        return await connections.query<Row>(text, parameters);
      },
      get isListening() {
        return isListening;
      },
      renew: () => connections.renew(),
    };
  }

  renew(): void {
    this.#pool.renew();
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((connections) => connections.close()));
  }

  #connect(options: Omit<ConnectOptions, "name" | "answerMs">): Connections {
    const [name, answerMs] = [this.#name, this.#answerMs];
    const connections = new Connections(this.#server, { ...options, name, answerMs });
    this.#all.push(connections);
    return connections;
  }
}

/** Settings that differ between services. */
export interface SessionOptions {
  /** `application_name` of the connections. */
  readonly name?: string;
  /** Deadline for a statement. */
  readonly answerMs?: number;
}

interface ConnectOptions {
  name: string;
  answerMs: number;
  max: number;
  max_lifetime?: null;
  /** Called for every notification with its payload, and without one when a connection is lost. */
  heard?: (payload?: string) => void;
}

/**
 * A pool of postgres.js that is replaced by a new one when it loses a connection or an answer is overdue.
 * After a cut cable the answer would never come. And postgres.js 3.4.9, when it loses a connection in the
 * middle of a write, connects again but never writes to that connection.
 */
class Connections {
  readonly #server: DatabaseServer;
  readonly #options: ConnectOptions;
  /** Index of the host that the client connects to. */
  #host = 0;
  #client: Client;
  #closed = false;

  constructor(server: DatabaseServer, options: ConnectOptions) {
    this.#server = server;
    this.#options = options;
    this.#client = this.#connect();
  }

  async query<Row>(text: string, parameters: readonly Parameter[]): Promise<Row[]> {
    return [
      ...await this.run((sql) => sql.unsafe(text, [...parameters]), this.#options.answerMs),
    ] as unknown as Row[];
  }

  async run<T>(use: (sql: postgres.Sql) => PromiseLike<T>, deadlineMs: number): Promise<T> {
    const client = await this.#suitable();
    try {
      return await within(deadlineMs, Promise.resolve(use(client.sql)));
    } catch (error) {
      const translated = translateError(error);
      if (isConnectionError(error) || this.#isWrongHost(translated)) this.#renew(client);
      throw translated;
    }
  }

  /** Makes the next statement run in a new session. */
  renew(): void {
    this.#renew(this.#client, this.#host);
  }

  /** Returns the client of the first host that answers and fits the URL. One `any` host is not checked. */
  async #suitable(): Promise<Client> {
    const { hosts, sessionAttributes } = this.#server.url;
    let failure: unknown;
    for (let tried = 0; tried < hosts.length; tried++) {
      if (this.#closed) break;
      const client = this.#client;
      if (hosts.length === 1 && sessionAttributes === "any") return client;
      try {
        client.suits ??= suits(client.sql, sessionAttributes);
        await within(ANSWER_MS, client.suits);
        return client;
      } catch (error) {
        failure = translateError(error);
        this.#renew(client);
      }
    }
    throw failure ?? new StoreUnavailable("The database does not answer: the store is closed");
  }

  /** Whether a host that must take changes refused one: it became a standby, or the session is read-only. */
  #isWrongHost(error: unknown): boolean {
    return error instanceof StoreReadOnly &&
      /^(read-write|primary)$/.test(this.#server.url.sessionAttributes);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await end(this.#client);
  }

  #renew(late: Client, host = (this.#host + 1) % this.#server.url.hosts.length): void {
    if (this.#closed || this.#client !== late) return;
    this.#host = host;
    this.#client = this.#connect();
    end(late);
  }

  #connect(): Client {
    const { url, tls, passwordFor } = this.#server;
    const host = url.hosts[this.#host]!;
    const dialer = new Dialer(host);
    const { heard = () => {}, name, answerMs: _, ...options } = this.#options;
    // The library has these options, but its types lack them.
    const untyped: object = {
      onnotify: (_channel: string, payload: string) => heard(payload),
      socket: () => dialer.dial(),
      ssl: tls(host),
    };
    const sql = withVariables(() =>
      postgres({
        ...untyped,
        host: "path" in host ? "localhost" : host.hostname,
        port: "path" in host ? 0 : host.port,
        database: url.database,
        username: url.user,
        password: passwordFor(host),
        // The dialer makes the pause: the library's backoff grows to 20 s and can't be interrupted.
        backoff: () => 0,
        connect_timeout: CONNECT_TIMEOUT_SECONDS,
        fetch_types: false,
        // Off, because a pooler may run each statement on another connection.
        prepare: false,
        connection: { application_name: name, ...url.settings },
        onnotice() {}, // By default the library prints notices.
        // The end of a client that was replaced is not a loss.
        onclose: () => this.#client === client && heard(),
        ...options,
      })
    );
    const client: Client = { sql, dialer, suits: undefined };
    return client;
  }
}

interface Client {
  readonly sql: postgres.Sql;
  readonly dialer: Dialer;
  /** Resolves if the host is of the kind that the URL asks for, else rejects. Undefined before the check. */
  suits: Promise<void> | undefined;
}

/** @throws {StoreUnavailable} The server is not what libpq's `target_session_attrs` asks for. */
async function suits(sql: postgres.Sql, wanted: SessionAttributes): Promise<void> {
  const [row] = await sql.unsafe<{ standby: boolean; read_only: boolean }[]>(
    "select pg_is_in_recovery() as standby, current_setting('transaction_read_only')::bool as read_only",
  );
  const { standby, read_only } = row!;
  const is = {
    "any": true,
    "read-write": !read_only,
    "read-only": read_only,
    "primary": !standby,
    "standby": standby,
  };
  if (!is[wanted]) {
    throw new StoreUnavailable(`No server of DATABASE_URL is ${wanted}, as target_session_attrs asks`);
  }
}

/** Whether the connection failed, was lost, or brought no answer. Errors of the server have an SQLSTATE. */
function isConnectionError(error: unknown): boolean {
  return !/^(?=.*\d)[0-9A-Z]{5}$/.test((error as { code?: string }).code ?? "");
}

async function end({ sql, dialer }: Client): Promise<void> {
  await sql.end({ timeout: 0 });
  await dialer.close();
}

function withVariables(make: () => postgres.Sql): postgres.Sql {
  try {
    return make();
  } catch (error) {
    // Replaced, because its message or its cause may contain the URL.
    if (!(error instanceof Deno.errors.NotCapable)) throw new SyntaxError("Cannot read DATABASE_URL");
    throw new Deno.errors.NotCapable(
      "Cannot connect to the database: its library reads the variables PG*, run again with --ignore-env=PG*",
    );
  }
}
