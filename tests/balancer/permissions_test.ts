import assert from "node:assert/strict";
import type { FromWorker } from "../../src/balancer/worker_protocol.ts";
import { dropStartupPermissions, hostsNeededBy } from "../../src/balancer/permissions.ts";

import { claimAddress } from "../../src/balancer/front/claim_address.ts";
import { workersFrom } from "../../src/balancer/spawn.ts";
import { limitsOf } from "../../src/balancer/front/limits.ts";
import { LIMITS } from "../support/simulated/balancer_in_process.ts";
import { BalancerProcess } from "../support/processes/balancer_process.ts";
import { withDirectory } from "../support/disk/temporary_directory.ts";

const isGranted = (descriptor: Deno.PermissionDescriptor) =>
  Deno.permissions.querySync(descriptor).state === "granted";
const canReach = (host: string) => isGranted({ name: "net", host });

/** The hosts that the tests may reach. A test can't be granted any other. */
const LOCAL = ["127.0.0.1", "[::1]"];

Deno.test({
  name: "permissions: after the start only the data directory is left if there is no database server",
  permissions: { net: LOCAL, read: ["src", "data"], write: ["data"] },
  fn() {
    dropStartupPermissions([], ["src"], "data");
    for (const host of LOCAL) assert.ok(!canReach(host), host);
    for (const name of ["net", "env", "run", "sys", "ffi"] as const) assert.ok(!isGranted({ name }), name);
    assert.ok(!isGranted({ name: "read", path: "src" }));
    assert.ok(isGranted({ name: "read", path: "data" }) && isGranted({ name: "write", path: "data" }));
  },
});

Deno.test({
  name: "permissions: after the start only the needed hosts are left",
  permissions: { net: LOCAL },
  fn() {
    dropStartupPermissions(["127.0.0.1"], [], "data");
    assert.deepEqual(LOCAL.filter((host) => canReach(`${host}:5432`)), ["127.0.0.1"]);
  },
});

Deno.test({
  name: "permissions: the needed hosts are those of the database and of the metrics",
  permissions: "none",
  fn() {
    const hosts = (databaseUrl: string, hostname?: string, probePrivate = false) =>
      hostsNeededBy({
        databaseUrl,
        probePrivate,
        metricsTo: hostname === undefined ? undefined : { hostname, port: 9999 },
      });
    assert.deepEqual(hosts(""), []);
    assert.deepEqual(hosts("", undefined, true), ["localhost", "127.0.0.1", "[::1]"]);
    assert.deepEqual(hosts("postgres://u:p@127.0.0.1:5432/d", "::1"), ["127.0.0.1", "[::1]"]);
    assert.deepEqual(hosts("postgres://u:p@[::1]/d"), ["[::1]"]);
    assert.deepEqual(hosts("postgres://u:p@a:1,b/d?target_session_attrs=primary"), ["a", "b"]);
    assert.deepEqual(hosts("postgres://u@/d?host=/run/postgresql"), ["unix:/run/postgresql/.s.PGSQL.5432"]);
    assert.deepEqual(hosts("postgresql://u:p@database/d", "aggregator"), ["database", "aggregator"]);
  },
});

Deno.test({
  name:
    "permissions: after the start hosts of other machines stay granted, since they are there to be probed",
  permissions: { net: [...LOCAL, "localhost"] },
  fn() {
    // No test can be granted another host, so `localhost`, which is kept here, with a port stands for one.
    dropStartupPermissions(["localhost"], [], "data");
    assert.deepEqual([...LOCAL, "localhost:8443"].filter(canReach), ["localhost:8443"]);
  },
});

type Heard = FromWorker | { kind: "probe"; notDenied: Record<string, string> };

Deno.test({
  name: "permissions: a worker is denied everything",
  permissions: { net: ["127.0.0.1"], read: ["."] },
  async fn() {
    const listen = claimAddress({ hostname: "127.0.0.1", port: 0 });
    const probe = Promise.withResolvers<Record<string, string>>();
    const worker = workersFrom(new URL("../support/processes/probing_balancer_worker.ts", import.meta.url))(
      listen,
      {
        said(message: Heard) {
          if (message.kind === "probe") probe.resolve(message.notDenied);
          else if (message.kind === "listening" ? message.held.length > 0 : message.kind !== "loaded") {
            probe.reject(new Error(message.kind));
          }
        },
        died: (reason) => probe.reject(new Error(reason)),
      },
    );
    worker.post({
      kind: "serve",
      listen,
      limits: limitsOf(LIMITS, 1, 1, 1),
      certificate: undefined,
      table: new Map(),
      measuring: false,
      explains: false,
      accessSample: 0,
    });
    assert.deepEqual(await probe.promise, {});
    worker.terminate();
  },
});

Deno.test({
  name: "permissions: the master of `deno task balancer` keeps its data directory and no more",
  permissions: { run: [Deno.execPath()], net: ["127.0.0.1"], read: ["data"], write: ["data"] },
  fn: () =>
    withDirectory(async (directory) => {
      const denoFlags = ["--preload=tests/support/processes/probing_preload.ts"];
      await using service = await BalancerProcess.start(directory, { denoFlags });
      assert.deepEqual((await service.event("probe")).notDenied, {
        "read data": "worked",
        "write data": "worked",
      });
      const docs = await fetch(`${service.url}/api/v1/docs/swagger-ui.css`);
      assert.equal(docs.status, 200, await docs.text());
    }),
});
