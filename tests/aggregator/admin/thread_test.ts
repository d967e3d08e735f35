import assert from "node:assert/strict";
import { createBoardMemory } from "../../../src/aggregator/admin/board.ts";
import { startAdmin } from "../../../src/aggregator/admin/thread.ts";
import { FACTS, SHAPE } from "../../support/http/admin_report.ts";
import { type LogEntry, logInto } from "../../support/recorded_log.ts";

const WORKER = new URL("../../../src/aggregator/admin/worker.ts", import.meta.url);
const PROBING = new URL("./probing_admin_worker.ts", import.meta.url);
const address = { hostname: "127.0.0.1", port: 0 };

/** Starts an admin thread, which the test stops. */
async function start(url: URL, { port } = address): Promise<{ stop(): void; port: number; log: LogEntry[] }> {
  const log: LogEntry[] = [];
  const thread = await startAdmin({
    url,
    address: { ...address, port },
    memory: createBoardMemory(SHAPE),
    facts: FACTS,
    log: logInto(log),
    monotonicMs: () => performance.now(),
  });
  const entry = log.find(({ event }) => event === "admin");
  return { stop: () => thread.terminate(), port: Number(String(entry!.address).split(":").at(-1)), log };
}

function test(name: string, permissions: Deno.PermissionOptionsObject, fn: () => Promise<void>): void {
  Deno.test({ name: `admin thread: ${name}`, permissions: { read: ["."], ...permissions }, fn });
}

test("the thread answers before the master's first report", { net: ["127.0.0.1"] }, async () => {
  const { port, stop } = await start(WORKER);
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  assert.equal(ready.status, 503);
  assert.equal((await ready.json()).reasons[0].code, "starting");
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assert.match(await page.text(), /^<!doctype html>/);
  stop();
});

test("the thread holds no permission once it listens", { net: ["127.0.0.1"] }, async () => {
  const { stop } = await start(PROBING);
  stop();
});

test("an address in use ends the start, and the error says what to do", {
  net: ["127.0.0.1"],
}, async () => {
  const holder = Deno.listen(address);
  const { port } = holder.addr;
  await assert.rejects(start(WORKER, { ...address, port }), {
    message: new RegExp(
      `^Cannot listen on 127\\.0\\.0\\.1:${port} for --admin: .*in use.*; choose another address, or --admin off$`,
    ),
  });
  holder.close();
});

test("without permission for its address the thread does not start", { net: ["127.0.0.1:1"] }, async () => {
  await assert.rejects(start(WORKER), { message: /--allow-net=127\.0\.0\.1:0, or --admin off$/ });
});
