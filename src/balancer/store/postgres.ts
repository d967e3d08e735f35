import postgres from "postgres";
import type { Log } from "../../shared/log.ts";
import { Dialer } from "./dialer.ts";
import { Repository } from "./repository.ts";
import { type Parameter, type Sql, type Subscription, translateError, within } from "./sql.ts";
import { StoreUnavailable } from "./store.ts";

/** Connections for everything but the watch, which has its own. */
const CONNECTIONS_MAX = 4;
/** The longest that a caller waits for a statement. */
const ANSWER_MS = 2_000;
/** The longest that the schema may take: it may have to wait for that of other instances. */
const EXEC_MS = 10_000;
/** Out of reach, so that it is always {@linkcode Connections} that ends a connection without an answer. */
const CONNECT_TIMEOUT_SECONDS = 30;

/**
 * The store on a PostgreSQL server. Does not wait for it: the server may be down.
 *
 * @throws {SyntaxError} The URL lacks a part. No message ever holds the URL: it may hold a password.
 * @throws {Deno.errors.NotCapable} The permission for the server, or for the library's variables, is missing.
 */
export function openPostgres(databaseUrl: string, log: Log): Repository {
  return new Repository(new PostgresSql(databaseUrl), log);
}

/** @throws as {@linkcode openPostgres} */
export class PostgresSql implements Sql {
  readonly #url: string;
  readonly #address: Deno.NetAddr;
  readonly #pool: Connections;
  readonly #all: Connections[] = [];

  constructor(databaseUrl: string) {
    this.#url = databaseUrl;
    this.#address = addressOf(databaseUrl);
    this.#pool = this.#connect({ max: CONNECTIONS_MAX });
  }

  query<Row>(text: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    return this.#pool.query(text, parameters);
  }

  async exec(text: string): Promise<void> {
    await this.#pool.run((sql) => sql.unsafe(text), EXEC_MS);
  }

  /**
   * The library's own `listen` hides its connection: nothing tells a dead one from one that has nothing to say. Here
   * what is read comes through the connection that listens, and proves that it does.
   */
  listen(channel: string, heard: () => void): Subscription {
    const connections = this.#connect({ max: 1, max_lifetime: null, heard });
    return {
      async query<Row>(text: string) {
        await connections.query(`listen ${channel}`, []); // Says nothing new to a connection that listens already.
        return await connections.query<Row>(text, []);
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((connections) => connections.close()));
  }

  #connect(options: ConnectOptions): Connections {
    const connections = new Connections(this.#url, this.#address, options);
    this.#all.push(connections);
    return connections;
  }
}

interface ConnectOptions {
  max: number;
  max_lifetime?: null;
  /** Called for every notification, and when a connection is lost. */
  heard?: () => void;
}

/**
 * A pool of the library that is thrown away and made anew when it loses a connection, or owes an answer for too long.
 * Behind a cut cable it would owe it for ever; and where 3.4.9 lost a connection with a write under way, it connects
 * again but never writes to that connection.
 */
class Connections {
  readonly #url: string;
  readonly #address: Deno.NetAddr;
  readonly #options: ConnectOptions;
  #client: Client;
  #closed = false;

  constructor(url: string, address: Deno.NetAddr, options: ConnectOptions) {
    this.#url = url;
    this.#address = address;
    this.#options = options;
    this.#client = this.#connect();
  }

  async query<Row>(text: string, parameters: readonly Parameter[]): Promise<Row[]> {
    return [
      ...await this.run((sql) => sql.unsafe(text, [...parameters], { prepare: true }), ANSWER_MS),
    ] as unknown as Row[];
  }

  async run<T>(use: (sql: postgres.Sql) => PromiseLike<T>, deadlineMs: number): Promise<T> {
    if (this.#closed) throw new StoreUnavailable("The database does not answer: the store is closed");
    const client = this.#client;
    try {
      return await within(deadlineMs, Promise.resolve(use(client.sql)));
    } catch (error) {
      if (isConnectionError(error)) this.#renew(client);
      throw translateError(error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await end(this.#client);
  }

  #renew(late: Client): void {
    if (this.#closed || this.#client !== late) return;
    this.#client = this.#connect();
    end(late);
  }

  #connect(): Client {
    const dialer = new Dialer(this.#address);
    const { heard = () => {}, ...options } = this.#options;
    // In the library, which gives the one to its own `listen`, and missing in its types.
    const untyped: object = { onnotify: heard, socket: () => dialer.dial() };
    const sql = withVariables(() =>
      postgres(this.#url, {
        ...untyped,
        // The dialer makes the pause: that of the library grows to 20 s, and can't be ended.
        backoff: () => 0,
        connect_timeout: CONNECT_TIMEOUT_SECONDS,
        fetch_types: false,
        connection: { application_name: "balancer" },
        onnotice() {}, // By default it prints them.
        // Connections of a client that is thrown away are no loss.
        onclose: () => this.#client === client && heard(),
        ...options,
      })
    );
    const client = { sql, dialer };
    return client;
  }
}

interface Client {
  readonly sql: postgres.Sql;
  readonly dialer: Dialer;
}

/** A lost connection, or none, or no answer: what the server itself says has an SQLSTATE. */
function isConnectionError(error: unknown): boolean {
  return !/^(?=.*\d)[0-9A-Z]{5}$/.test((error as { code?: string }).code ?? "");
}

async function end({ sql, dialer }: Client): Promise<void> {
  await sql.end({ timeout: 0 });
  await dialer.close();
}

function addressOf(databaseUrl: string): Deno.NetAddr {
  const url = URL.parse(databaseUrl);
  const complete = /^postgres(ql)?:$/.test(url?.protocol ?? "") && url?.hostname && url.username &&
    url.pathname.length > 1;
  if (!complete) {
    throw new SyntaxError("Cannot read DATABASE_URL: give postgres://USER:PASSWORD@HOST:PORT/DATABASE");
  }
  const port = Number(url.port || 5432);
  const host = `${url.hostname}:${port}`;
  if (Deno.permissions.querySync({ name: "net", host }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Cannot connect to the database: net permission is missing, run again with --allow-net=${host}`,
    );
  }
  return { transport: "tcp", hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"), port };
}

function withVariables(make: () => postgres.Sql): postgres.Sql {
  try {
    return make();
  } catch (error) {
    // Its message or its cause may hold the URL.
    if (!(error instanceof Deno.errors.NotCapable)) {
      throw new SyntaxError(
        "Cannot read DATABASE_URL: escape what is special in its user and password as %XX",
      );
    }
    throw new Deno.errors.NotCapable(
      "Cannot connect to the database: its library looks for PG* in the environment, run again with --ignore-env=PG*",
    );
  }
}
