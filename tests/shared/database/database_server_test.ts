import assert from "node:assert/strict";
import { serverOf } from "../../../src/shared/database/database_server.ts";
import { openStore } from "../../../src/balancer/store/open_store.ts";
import { makeAuthority } from "../../support/http/certificates.ts";
import { DatabaseServer } from "../../support/database/database_server.ts";
import { Deliveries } from "../../support/database/deliveries.ts";
import { createLog } from "../../../src/shared/log.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";

/** Returns why the server at this URL can't be used, or undefined if it can. */
async function refusalOf(databaseUrl: string): Promise<string | undefined> {
  const lines: string[] = [];
  const log = createLog({
    level: "warn",
    format: "text",
    write: (line) => void lines.push(line),
    now: () => new Date(0),
  });
  const store = await openStore({ databaseUrl, dataDirectory: "none", log });
  const states = new Deliveries<boolean>();
  await store.watch(() => {}, states.take);
  await store.close();
  return states.all[0] ? undefined : lines[0];
}

for (const host of ["127.0.0.1", "localhost"]) {
  Deno.test({
    name: `database server: verify-full accepts a certificate for ${host} only if the URL names that host`,
    permissions: { run: ["/bin/sh"], net: ["127.0.0.1", "localhost"], read: ["data"], write: ["data"] },
    fn: () =>
      withDirectory(async (directory) => {
        const [authority, stranger] = [await makeAuthority(), await makeAuthority("another authority")];
        await using server = await DatabaseServer.start(await authority.issue(host));
        const [file, strange] = [`${directory}/ca.pem`, `${directory}/other.pem`];
        await Deno.writeTextFile(file, authority.certificate);
        await Deno.writeTextFile(strange, stranger.certificate);
        const ask = (name: string, query: string) =>
          refusalOf(`${server.url().replace("127.0.0.1", name)}?${query}`);
        for (const name of ["127.0.0.1", "localhost"]) {
          const verified = await ask(name, `sslmode=verify-full&sslrootcert=${file}`);
          if (name === host) assert.equal(verified, undefined);
          else assert.match(verified ?? "it was accepted", /does not match|not valid for name/i, name);
          assert.equal(await ask(name, `sslmode=verify-ca&sslrootcert=${file}`), undefined);
          assert.equal(await ask(name, `sslmode=require&sslrootcert=${file}`), undefined);
          for (const mode of ["require", "prefer", "disable"]) {
            assert.equal(await ask(name, `sslmode=${mode}`), undefined);
          }
          for (const mode of ["verify-full", "verify-ca", "require"]) {
            const refused = await ask(name, `sslmode=${mode}&sslrootcert=${strange}`);
            assert.match(refused ?? "it was accepted", /issuer|self.signed|verify/i, mode);
          }
          assert.match(
            await ask(name, "sslmode=verify-full") ?? "it was accepted",
            /issuer|self.signed|verify/i,
          );
        }
      }),
  });
}

Deno.test({
  name: "database server: the error names the missing file or permission",
  permissions: { net: ["127.0.0.1:5432"], read: ["data"] },
  fn() {
    const errorOf = (url: string) => {
      try {
        serverOf(url);
      } catch (error) {
        return (error as Error).message;
      }
    };
    const base = "postgres://u:secret@127.0.0.1/db";
    assert.match(errorOf(`${base}?sslrootcert=/none/ca.pem`)!, /sslrootcert.*--allow-read=\/none\/ca.pem$/);
    assert.match(errorOf(`${base}?sslrootcert=data/none.pem`)!, /sslrootcert.*No such file/);
    assert.match(
      errorOf("postgres://u@127.0.0.1/db?passfile=/none/pass")!,
      /passfile.*--allow-read=\/none\/pass$/,
    );
    const socket = errorOf("postgres://u@/db?host=/run/postgresql")!;
    for (const flag of ["read=", "write=", "net=unix:"]) {
      assert.ok(socket.includes(`--allow-${flag}/run/postgresql/.s.PGSQL.5432`), socket);
    }
    assert.match(errorOf("postgres://u:p@127.0.0.1,[::1]:5433/db")!, /--allow-net=\[::1\]:5433$/);
  },
});
