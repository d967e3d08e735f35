/**
 * Databases for tests. Whatever stores data is tested on the embedded PostgreSQL (PGlite) and on a real
 * server. Each test begins with an empty database; nothing is left after the tests.
 *
 * @module
 */
import postgres from "postgres";
import denoJson from "../../deno.json" with { type: "json" };
import { EmbeddedSql } from "../../../src/shared/database/pglite.ts";
import { PostgresSql } from "../../../src/shared/database/postgres.ts";
import { Repository } from "../../../src/balancer/store/repository.ts";
import type { Sql } from "../../../src/shared/database/sql.ts";
import { openStore } from "../../../src/balancer/store/open_store.ts";
import type { Store } from "../../../src/balancer/store/store.ts";
import { createLog, type Log } from "../../../src/shared/log.ts";
import { DatabaseServer } from "./database_server.ts";
import { readVariable } from "../processes/processes.ts";

/** An empty database for one test. */
export interface Database extends AsyncDisposable {
  /** The URL of a database on a server; undefined for the embedded PostgreSQL. */
  readonly databaseUrl?: string;
  /** Access to the database without the store. */
  readonly sql: Sql;
  /** Opens a store, like another instance of the service. On PGlite every call returns the same store. */
  instance(log?: Log): Promise<Store>;
}

export interface Backend {
  readonly name: "PGlite" | "PostgreSQL";
  /** The permissions that a test needs for this backend. */
  readonly permissions: Deno.PermissionOptionsObject;
  fresh(): Promise<Database>;
}

export const EMBEDDED_PERMISSIONS = {
  read: ["data"],
  write: ["data"],
} satisfies Deno.PermissionOptionsObject;

/**
 * The URL of a server that the user provides. The tests must be allowed to create databases on that server.
 */
const GIVEN_URL = readVariable("TEST_DATABASE_URL");

export const SERVER_PERMISSIONS = {
  net: [GIVEN_URL ? new URL(GIVEN_URL).host : "127.0.0.1"],
} satisfies Deno.PermissionOptionsObject;

export const silentLog: Log = createLog({
  level: "error",
  format: "text",
  write() {},
  now: () => new Date(),
});

/** Both backends, available while the tests of the calling file run. */
export function useBackends(): Backend[] {
  return [useEmbedded(), useServer()];
}

/** Only the embedded PostgreSQL. The tests of a file share a directory, emptied before each test. */
export function useEmbedded(): Backend {
  let dataDirectory: string;
  Deno.test.beforeAll(async () => {
    dataDirectory = await embeddedDirectory();
  });
  Deno.test.afterAll(() => Deno.remove(dataDirectory, { recursive: true }));
  return {
    name: "PGlite",
    permissions: EMBEDDED_PERMISSIONS,
    async fresh() {
      const sql = await EmbeddedSql.open(dataDirectory);
      await sql.exec("drop schema if exists balancer cascade; drop schema if exists sluice cascade");
      let store: Repository | undefined;
      return {
        sql,
        instance: (log = silentLog) => Promise.resolve(store ??= new Repository(sql, log)),
        [Symbol.asyncDispose]: () => (store ?? sql).close(),
      };
    },
  };
}

/**
 * Makes a data directory with an unused embedded PostgreSQL. Creating a database takes seconds, copying one
 * does not: the first is kept below `data/` as the template of all others.
 *
 * @param parent the directory to make the data directory in
 */
export async function embeddedDirectory(parent = "data"): Promise<string> {
  const version = denoJson.imports["@electric-sql/pglite"].split("@").at(-1);
  const template = `data/test-pglite-${version}`;
  await Deno.mkdir("data", { recursive: true });
  if (!await Deno.stat(template).then(() => true, () => false)) {
    const unfinished = await Deno.makeTempDir({ dir: "data", prefix: "test-" });
    await (await EmbeddedSql.open(unfinished)).close();
    await Deno.rename(`${unfinished}/postgres`, template);
    await Deno.remove(unfinished, { recursive: true });
  }
  await Deno.mkdir(parent, { recursive: true });
  const directory = await Deno.makeTempDir({ dir: parent, prefix: "test-" });
  copyTree(template, `${directory}/postgres`);
  return directory;
}

/** Only a real server: the one of TEST_DATABASE_URL, or else one that is started for the calling file. */
export function useServer(): Backend {
  let url = (_database?: string): string => {
    throw new Error("The server runs only while the tests do");
  };
  if (GIVEN_URL) {
    url = (database) => Object.assign(new URL(GIVEN_URL), database && { pathname: database }).href;
  } else {
    let server: DatabaseServer | undefined;
    Deno.test.beforeAll(async () => {
      const started = server = await DatabaseServer.start();
      url = (database) => started.url(database);
    });
    Deno.test.afterAll(() => server?.[Symbol.asyncDispose]());
  }
  return { name: "PostgreSQL", permissions: SERVER_PERMISSIONS, fresh: () => freshDatabase(url) };
}

/**
 * Creates a database on a server.
 *
 * @param url returns the URL of the named database; without a name, of a database to run `create database` in
 */
export async function freshDatabase(url: (database?: string) => string): Promise<Database> {
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  await execute(url(), `create database ${name}`);
  const databaseUrl = url(name);
  const sql = new PostgresSql(databaseUrl);
  const stores: Store[] = [];
  return {
    databaseUrl,
    sql,
    async instance(log = silentLog) {
      const store = await openStore({ databaseUrl, dataDirectory: "none", log });
      stores.push(store);
      return store;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([sql, ...stores].map((open) => open.close()));
      await execute(url(), `drop database ${name} with (force)`);
    },
  };
}

/** Copies about a thousand small files. Measured once: synchronous calls took a quarter of node:fs's time. */
function copyTree(from: string, to: string): void {
  Deno.mkdirSync(to);
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    (isDirectory ? copyTree : Deno.copyFileSync)(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Runs statements on a new connection. */
export async function execute(url: string, statements: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice() {} });
  try {
    await sql.unsafe(statements);
  } finally {
    await sql.end();
  }
}
