/** A step of the schema. A released step never changes: later changes go into a new step at the end. */
export interface Migration {
  /** From 1, without a gap. */
  readonly number: number;
  readonly name: string;
  /** Statements that are valid in the body of a PL/pgSQL block. */
  readonly sql: string;
}

/**
 * Returns statements that bring a database from any earlier schema to that of `migrations`, to be run as one
 * transaction. An advisory lock lets one instance at a time migrate; the others then find nothing left to do.
 *
 * @param schema name of the PostgreSQL schema, without special characters
 * @param lock key of the advisory lock: any number, the same for every instance
 */
export function migrationScript(schema: string, lock: number, migrations: readonly Migration[]): string {
  return [
    `select pg_advisory_xact_lock(${lock});`,
    // Checked first: "create schema if not exists" takes a right even if the schema exists.
    block(`
      if to_regnamespace('${schema}') is null then
        create schema ${schema};
      end if;
      if to_regclass('${schema}.migrations') is null then
        create table ${schema}.migrations (
          number integer primary key,
          name text not null,
          applied_at timestamptz not null default now()
        );
      end if;
    `),
    ...migrations.map(({ number, name, sql }) =>
      block(`
        if not exists (select from ${schema}.migrations where number = ${number}) then
          ${sql}
          insert into ${schema}.migrations (number, name) values (${number}, '${name}');
        end if;
      `)
    ),
  ].join("\n");
}

function block(statements: string): string {
  return `do $migration$ begin ${statements} end $migration$;`;
}
