/** A step of the schema. Once released it is never changed: what comes later goes into a new one at the end. */
export interface Migration {
  /** From 1, without a gap. */
  readonly number: number;
  readonly name: string;
  /** Statements as the body of a PL/pgSQL block takes them. */
  readonly sql: string;
}

/**
 * The statements, to be run as one transaction, that bring a database from any earlier schema to that of
 * `migrations`. The lock lets one instance at a time do so; the others find it done.
 *
 * @param schema where all of it lives: a plain name
 * @param lock any number, as long as every instance has the same
 */
export function migrationScript(schema: string, lock: number, migrations: readonly Migration[]): string {
  return [
    `select pg_advisory_xact_lock(${lock});`,
    // Asked first: "if not exists" alone takes the right to create a schema, even where one is there.
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
