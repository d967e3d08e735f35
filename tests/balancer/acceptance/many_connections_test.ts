import assert from "node:assert/strict";
import { watch } from "../../support/simulated/balancer_in_process.ts";
import {
  BalancerProcess,
  DATABASE_DOWN,
  PROCESS_PERMISSIONS,
  residentKb,
  STORED_ROUTE,
  writeSnapshot,
} from "../../support/processes/balancer_process.ts";
import { FULL, report, sleep, times } from "../../support/processes/long_tests.ts";
import { withDirectory } from "../../support/disk/temporary_directory.ts";
import { Viewer } from "../../support/http/viewers.ts";

const PERMISSIONS = { ...PROCESS_PERMISSIONS, run: [...PROCESS_PERMISSIONS.run, "/bin/sh"] };
const env = { DATABASE_URL: DATABASE_DOWN };
const IDLE = times(500, 10_000);
/** The most resident memory per connection. With few connections, other fluctuations count for more. */
const IDLE_KB_MAX = FULL ? 4.5 : 20;
const SLOW = times(200, 2000);
/** Extra time for a machine with two cores, which the clients use as well. */
const NOISE_MS = 20;

/** Returns the 99th percentile. */
const p99 = (samples: readonly number[]): number =>
  samples.toSorted((a, b) => a - b)[Math.ceil(samples.length * 0.99) - 1]!;

Deno.test({
  name: `acceptance: ${IDLE} idle connections take little memory, and do not delay a new viewer`,
  permissions: PERMISSIONS,
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [STORED_ROUTE]);
      await using balancer = await BalancerProcess.start(directory, { env });
      await watch(balancer.port, times(2000, 100_000), 64);
      const beforeKb = await residentKb(balancer);
      const idle: Deno.TcpConn[] = [];
      try {
        while (idle.length < IDLE) {
          idle.push(
            ...await Promise.all(
              Array.from({ length: 100 }, () => Deno.connect({ hostname: "127.0.0.1", port: balancer.port })),
            ),
          );
        }
        const newMs: number[] = [];
        for (let i = 0; i < times(100, 1000); i++) {
          const beganMs = performance.now();
          using viewer = await Viewer.connect(balancer.port);
          assert.equal((await viewer.ask()).status, 301);
          newMs.push(performance.now() - beganMs);
        }
        const eachKb = (await residentKb(balancer) - beforeKb) / IDLE;
        report(`beside ${IDLE} idle connections, a new viewer`, newMs.map((ms) => ms * 1000), "µs");
        console.log(`each of ${IDLE} idle connections takes ${eachKb.toFixed(1)} KB`);
        assert.ok(eachKb <= IDLE_KB_MAX, `${eachKb} KB`);
        assert.ok(p99(newMs) < 20 + NOISE_MS, `${p99(newMs)} ms`);
      } finally {
        for (const connection of idle) connection.close();
      }
    }),
});

/**
 * Sends 1,000 requests a second on one connection, and returns how long each answer took.
 *
 * @throws {AssertionError} An answer was not a redirect.
 */
async function waitsMs(port: number, seconds: number): Promise<number[]> {
  using viewer = await Viewer.connect(port);
  const waits: number[] = [];
  const beganMs = performance.now();
  for (let i = 0; i < seconds * 1000; i++) {
    const dueMs = beganMs + i - performance.now();
    if (dueMs > 0) await sleep(dueMs);
    const askedMs = performance.now();
    assert.equal((await viewer.ask()).status, 301);
    waits.push(performance.now() - askedMs);
  }
  return waits;
}

Deno.test({
  name: `acceptance: ${SLOW} clients that send their heads byte by byte do not delay a viewer`,
  permissions: { ...PERMISSIONS, read: [...PERMISSIONS.read, "tests"] },
  fn: () =>
    withDirectory(async (directory) => {
      await writeSnapshot(directory, [STORED_ROUTE]);
      await using balancer = await BalancerProcess.start(directory, { env });
      const { port } = balancer;
      const seconds = times(1, 10);
      await waitsMs(port, 1);
      const alone = await waitsMs(port, seconds);
      const senders = new Worker(new URL("./slow_senders.ts", import.meta.url), {
        type: "module",
      });
      try {
        await new Promise((resolve) => {
          senders.onmessage = resolve;
          senders.postMessage({ port, senders: SLOW, pauseMs: 1000 });
        });
        const beside = await waitsMs(port, seconds);
        report("a viewer alone waits", alone.map((ms) => ms * 1000), "µs");
        report(`a viewer beside ${SLOW} slow senders waits`, beside.map((ms) => ms * 1000), "µs");
        console.log(`99 % within ${p99(alone).toFixed(2)} ms, and ${p99(beside).toFixed(2)} ms`);
        assert.ok(p99(beside) <= 2 * p99(alone) + NOISE_MS, `${p99(beside)} and ${p99(alone)} ms`);
      } finally {
        senders.terminate();
      }
    }),
});
