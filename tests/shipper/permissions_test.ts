import assert from "node:assert/strict";
import { dropStartupPermissions } from "../../src/shipper/permissions.ts";

const isGranted = (descriptor: Deno.PermissionDescriptor) =>
  Deno.permissions.querySync(descriptor).state === "granted";

Deno.test({
  name: "ship permissions: after the start, only net for the database and read for the directory are left",
  permissions: { net: ["127.0.0.1", "[::1]"], read: ["src", "data"], write: ["data"] },
  fn() {
    dropStartupPermissions("postgres://u:p@127.0.0.1:5432/d", ["data"]);
    assert.ok(
      isGranted({ name: "net", host: "127.0.0.1:5432" }) && isGranted({ name: "read", path: "data" }),
    );
    for (const name of ["env", "run", "sys", "ffi", "import"] as const) assert.ok(!isGranted({ name }), name);
    assert.ok(!isGranted({ name: "net", host: "[::1]:5432" }) && !isGranted({ name: "write", path: "data" }));
  },
});

Deno.test({
  name: "ship permissions: with the embedded database, write for its directory is left, and no host",
  permissions: { net: ["127.0.0.1"], read: ["data"], write: ["data/fleet"] },
  fn() {
    dropStartupPermissions("", ["data", "data/fleet"]);
    assert.ok(!isGranted({ name: "net" }) && !isGranted({ name: "net", host: "127.0.0.1" }));
    assert.ok(isGranted({ name: "read", path: "data" }) && isGranted({ name: "write", path: "data/fleet" }));
  },
});
