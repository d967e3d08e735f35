import assert from "node:assert/strict";
import {
  type DatabaseHost,
  parseDatabaseUrl,
  passwordIn,
} from "../../../src/shared/database/database_url.ts";

const at = (hostname: string, port = 5432): DatabaseHost => ({ hostname, port });

const HOSTS: readonly (readonly [url: string, hosts: DatabaseHost[]])[] = [
  ["postgres://u:p@h/db", [at("h")]],
  ["postgresql://u:p@h:6432/db", [at("h", 6432)]],
  ["postgres://u:p@[::1]:6432/db", [at("::1", 6432)]],
  ["postgres://u:p@a,b:5433,[::1]/db", [at("a"), at("b", 5433), at("::1")]],
  ["postgres://u:p@/db?host=a,b&port=1,2", [at("a", 1), at("b", 2)]],
  ["postgres://u:p@/db?host=::1", [at("::1")]],
  ["postgres://u@/db?host=/run/postgresql", [{ path: "/run/postgresql/.s.PGSQL.5432" }]],
  ["postgres://u@/db?host=/run/postgresql/&port=5433", [{ path: "/run/postgresql/.s.PGSQL.5433" }]],
  ["postgres://u@%2Frun%2Fpostgresql/db", [{ path: "/run/postgresql/.s.PGSQL.5432" }]],
];

Deno.test({
  name: "database url: hosts, ports and sockets are read as libpq reads them",
  permissions: "none",
  fn() {
    for (const [url, hosts] of HOSTS) assert.deepEqual(parseDatabaseUrl(url).hosts, hosts, url);
  },
});

Deno.test({
  name: "database url: parameters of the connection are read, and any other becomes a setting of the session",
  permissions: "none",
  fn() {
    const url = parseDatabaseUrl(
      "postgres://u%40x:p%2F%3A@h/d%20b?sslmode=verify-full&sslrootcert=/ca.pem&passfile=/p&connect_timeout=3" +
        "&target_session_attrs=read-write&options=-c%20work_mem%3D1MB&search_path=a",
    );
    const { hosts: _, ...rest } = url;
    assert.deepEqual(rest, {
      user: "u@x",
      password: "p/:",
      database: "d b",
      sslMode: "verify-full",
      sslRootCert: "/ca.pem",
      passfile: "/p",
      sessionAttributes: "read-write",
      settings: { options: "-c work_mem=1MB", search_path: "a" },
    });
    const modes = Object.entries({
      "": "disable",
      "ssl=true": "verify-full",
      "ssl=false": "disable",
      "ssl=require": "require",
      "sslrootcert=system": "verify-full",
      "sslmode=prefer": "prefer",
    });
    for (const [query, mode] of modes) {
      assert.equal(parseDatabaseUrl(`postgres://u:p@h/db?${query}`).sslMode, mode, query);
    }
  },
});

const REFUSED: readonly (readonly [url: string, says: RegExp])[] = [
  ["", /give postgres:/],
  ["mysql://u:secret@h/db", /give postgres:/],
  ["postgres://u:secret@h", /give postgres:/],
  ["postgres://u:secret@h/", /give postgres:/],
  ["postgres://h/db", /give postgres:/],
  ["postgres://u:secret@/db", /give postgres:/],
  ["postgres://u:secret@h:port/db", /give postgres:/],
  ["postgres://u:secret@h:0/db", /a port from 1/],
  ["postgres://u:secret@h:65536/db", /a port from 1/],
  ["postgres://u:secret@h,/db", /give postgres:/],
  ["postgres://u:secret%@h/db", /escape/],
  [
    "postgres://u:secret@h/db?sslmode=verify_full",
    /sslmode is "verify_full": give one of disable, .*verify-full/,
  ],
  ["postgres://u:secret@h/db?sslmode=Require", /sslmode is "Require"/],
  ["postgres://u:secret@h/db?ssl=yes", /sslmode is "yes"/],
  ["postgres://u:secret@h/db?target_session_attrs=primary-only", /target_session_attrs is "primary-only"/],
  ["postgres://u:secret@h/db?sslcert=a", /sslcert, which is not supported/],
  ["postgres://u:secret@/db?host=a,b,c&port=1,2", /as many ports as hosts/],
];

Deno.test({
  name: "database url: the error names the invalid part, and shows no secret",
  permissions: "none",
  fn() {
    for (const [url, says] of REFUSED) {
      assert.throws(() => parseDatabaseUrl(url), (error) => {
        assert.ok(error instanceof SyntaxError, url);
        assert.match(error.message, says, url);
        return !error.message.includes("secret");
      });
    }
  },
});

Deno.test({
  name: "database url: the password comes from the first matching line of the password file",
  permissions: "none",
  fn() {
    const text = [
      "# comment",
      "h:5432:db:u:one",
      "h:5433:db:u:with\\:colon\\\\",
      "localhost:5432:*:u:socket",
      "a line",
      "*:*:*:other:last",
    ].join("\n");
    const account = { database: "db", user: "u" };
    assert.equal(passwordIn(text, at("h"), account), "one");
    assert.equal(passwordIn(text, at("h", 5433), account), "with:colon\\");
    assert.equal(passwordIn(text, { path: "/run/.s.PGSQL.5432" }, account), "socket");
    assert.equal(passwordIn(text, at("x"), { database: "y", user: "other" }), "last");
    assert.equal(passwordIn(text, at("x"), account), undefined);
  },
});
