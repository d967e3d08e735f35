/**
 * Databases for tests: everything that stores is tried on the embedded PostgreSQL and on a real server. Each test has
 * a fresh database of its own, which is gone after it.
 *
 * @module
 */
import postgres from "postgres";
import denoJson from "../../../deno.json" with { type: "json" };
import { EmbeddedSql } from "../../../src/shared/database/pglite.ts";
import { PostgresSql } from "../../../src/shared/database/postgres.ts";
import { Repository } from "../../../src/balancer/store/repository.ts";
import type { Sql } from "../../../src/shared/database/sql.ts";
import { openStore } from "../../../src/balancer/store/open_store.ts";
import type { Store } from "../../../src/balancer/store/store.ts";
import { createLog, type Log } from "../../../src/shared/log.ts";
import { DatabaseServer } from "./database_server.ts";
import { readVariable } from "../processes/processes.ts";

/** A database that nobody has used before. */
export interface Database extends AsyncDisposable {
  /** Where it is, if it is on a server. */
  readonly databaseUrl?: string;
  /** A way to it beside the store. */
  readonly sql: Sql;
  /** Opens the store as another instance of the service would; the embedded one can have no more than one. */
  instance(log?: Log): Promise<Store>;
}

export interface Backend {
  readonly name: "PGlite" | "PostgreSQL";
  /** What a test that uses it needs. */
  readonly permissions: Deno.PermissionOptionsObject;
  fresh(): Promise<Database>;
}

export const EMBEDDED_PERMISSIONS = {
  read: ["data"],
  write: ["data"],
} satisfies Deno.PermissionOptionsObject;

/** A server given from outside: one which the tests may create databases on. */
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

/** Both kinds, ready while the tests of the calling file run. */
export function useBackends(): Backend[] {
  return [useEmbedded(), useServer()];
}

/** The embedded PostgreSQL alone: one directory for the tests of a file, emptied for each of them. */
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
 * A data directory with an embedded PostgreSQL that nobody has used. To make one takes seconds, to copy one does not:
 * the first is kept below `data/` for the next time.
 *
 * @param parent where it is made
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

/** A real server alone: TEST_DATABASE_URL, or one of its own. */
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

/** Creates a database on a server, `url` of which leads to any of its databases, or to one to create others from. */
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

/** A thousand small files: one by one and without promises takes a quarter of the time that node:fs takes. */
function copyTree(from: string, to: string): void {
  Deno.mkdirSync(to);
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    (isDirectory ? copyTree : Deno.copyFileSync)(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Runs statements on a connection of their own. */
export async function execute(url: string, statements: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice() {} });
  try {
    await sql.unsafe(statements);
  } finally {
    await sql.end();
  }
}
