import assert from "node:assert/strict";
import {
  createControl,
  type FromWorker,
  type Prepare,
  signalStop,
  signalTick,
} from "../../src/aggregator/worker_protocol.ts";
import type { ReceiveOrder } from "../../src/aggregator/worker_protocol.ts";
import { ReuseportSockets } from "../../src/aggregator/receive/reuseport_sockets.ts";
import { workersFrom } from "../../src/aggregator/spawn.ts";
import { LIBC_PATHS } from "../../src/shared/libc.ts";
import { ALL_ATTEMPTS, notDenied } from "../support/processes/permission_probe.ts";
import { Service } from "../support/processes/aggregator_process.ts";

const PROBING_WORKER = new URL("../support/processes/probing_aggregator_worker.ts", import.meta.url);

type Posted = FromWorker | { kind: "probe"; notDenied: Record<string, string> };

/** Lets a probing worker work with a real worker's permissions; returns the attempts that were not denied. */
async function probeWorker(open: Prepare, order: ReceiveOrder = {}): Promise<Record<string, string>> {
  const posted: Posted[] = [];
  let wake = Promise.withResolvers<void>();
  const worker = workersFrom(PROBING_WORKER)(open.receiver, {
    said(message) {
      posted.push(message);
      wake.resolve();
    },
    died: (reason) => wake.reject(new Error(reason)),
  });
  const waitFor = async <K extends Posted["kind"]>(kind: K): Promise<Posted & { kind: K }> => {
    for (;;) {
      const found = posted.find((message) => message.kind === kind);
      if (found) return found as Posted & { kind: K };
      await wake.promise;
      wake = Promise.withResolvers();
    }
  };
  const control = createControl(1);
  worker.post({ kind: "prepare", worker: 0, control, datagramBytesMax: 8192, sampling: true, open });
  assert.deepEqual((await waitFor("ready")).held, []);
  worker.post({ kind: "receive", ...order });
  // A tick that comes before the worker starts to receive makes it post nothing, so the test repeats ticks.
  let window = 0;
  const ticking = setInterval(() => signalTick(control, ++window), 10);
  const probe = await waitFor("probe");
  clearInterval(ticking);
  signalStop(control);
  await waitFor("stopped");
  worker.terminate();
  return probe.notDenied;
}

Deno.test({
  name: "permissions: with permissions granted, the probe reports that its attempts work",
  permissions: {
    net: ["127.0.0.1"],
    ffi: "inherit",
    env: "inherit",
    run: "inherit",
    sys: "inherit",
    read: "inherit",
    write: "inherit",
  },
  fn() {
    const worked = notDenied();
    assert.equal(worked["net listen"], "worked");
    assert.equal(worked["ffi dlopen"], "worked");
    assert.equal(worked["read deno.json"], "worked");
    assert.ok(ALL_ATTEMPTS.length > 10);
  },
});

Deno.test({
  name: "permissions: a worker of the reuseport receiver is denied everything",
  permissions: { net: ["127.0.0.1"], ffi: [...LIBC_PATHS], read: ["."] },
  async fn() {
    const sockets = new ReuseportSockets("127.0.0.1", 0, 1, 100_000);
    assert.deepEqual(
      await probeWorker({ receiver: "reuseport" }, { fds: [sockets.fds[0]!], wakeup: sockets.wakeups[0]! }),
      {},
    );
    sockets.close();
  },
});

Deno.test({
  name: "permissions: a worker of the datagram receiver is denied everything",
  permissions: { net: ["127.0.0.1"], read: ["."] },
  async fn() {
    assert.deepEqual(
      await probeWorker({ receiver: "datagram", addresses: [{ hostname: "127.0.0.1", port: 0 }] }),
      {},
    );
  },
});

for (const task of ["start", "start:sandbox"] as const) {
  Deno.test({
    name: `permissions: the master of \`deno task ${task}\` keeps access to its file's directory only`,
    permissions: { run: [Deno.execPath()], read: ["data"], write: ["data"] },
    async fn() {
      await using service = await Service.start(task, [], [
        "--preload=tests/support/processes/probing_preload.ts",
      ]);
      const probe = await service.event("probe");
      assert.deepEqual(probe.notDenied, { "read data": "worked", "write data": "worked" });
      assert.equal((await service.stop()).code, 0);
    },
  });
}

Deno.test({
  name: "permissions: a master that writes to stdout keeps no permission",
  permissions: { run: [Deno.execPath()] },
  async fn() {
    const preload = ["--preload=tests/support/processes/probing_preload.ts"];
    await using service = await Service.start("start", ["--out", "-"], preload);
    assert.deepEqual((await service.event("probe")).notDenied, {});
    const read = service.stdout.pipeTo(new WritableStream());
    assert.equal((await service.stop()).code, 0);
    await read;
  },
});
