import assert from "node:assert/strict";
import { ADMIN, adminUrl, metricsUntil, statusOf, total } from "../support/http/admin_page.ts";
import { runToEnd, sendDatagrams, Service } from "../support/processes/aggregator_process.ts";

/** An end-to-end test of the admin port of a real aggregator process. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `admin: ${name}`,
    permissions: { run: [Deno.execPath()], net: ["127.0.0.1"], read: ["data"], write: ["data"] },
    fn,
  });
}

const GOOD = '{"A1":1,"A2":2,"A3":3}';
const NAMES = {
  received: "sluice_aggregator_datagrams_received_total",
  accepted: "sluice_aggregator_messages_accepted_total",
  rejected: "sluice_aggregator_messages_rejected_total",
};

for (const task of ["start", "start:sandbox"] as const) {
  test(`${task}: the metrics, the totals in the log and the sent messages agree`, async () => {
    await using service = await Service.start(task, [...ADMIN, "--windows", "1s,2s"]);
    const url = await adminUrl(service);
    await sendDatagrams(
      service.port,
      Array.from({ length: 500 }, (_, i) => i % 10 === 0 ? `${GOOD}\nx` : GOOD),
    );
    const metrics = await metricsUntil(url, (metrics) => total(metrics, NAMES.accepted) === 500);
    assert.deepEqual([total(metrics, NAMES.received), total(metrics, NAMES.rejected)], [500, 50]);
    assert.equal(metrics.get(`${NAMES.rejected}{reason="syntax"}`), 50);
    const drops = metrics.get('sluice_aggregator_datagrams_dropped_total{socket="0"}');
    assert.equal(
      drops,
      task === "start" ? 0 : undefined,
      "the datagram receiver can't count drops, so the metric is left out",
    );
    await metricsUntil(url, (metrics) => metrics.has('sluice_window_a1_sum{window="2s"}'));
    for (const path of ["healthz", "readyz"]) assert.equal(await statusOf(`${url}/${path}`), 200);
    const { code, totals } = await service.stop();
    assert.deepEqual([code, totals.received, totals.accepted], [0, 500, 500]);
    assert.equal((totals.rejected as Record<string, number>).syntax, 50);
  });
}

test("the status lists every worker, the addresses, the file and the resources of the process", async () => {
  await using service = await Service.start("start", [...ADMIN, "--workers", "1"]);
  const status = await (await fetch(`${await adminUrl(service)}/api/v1/status`)).json();
  assert.deepEqual(status.workers.map(({ state }: { state: string }) => state), ["receiving", "parked"]);
  assert.deepEqual(status.listen, [{ hostname: "127.0.0.1", port: service.port }]);
  assert.equal(status.file, service.out);
  assert.ok(status.descriptors.open > 10 && status.resident_bytes > 1e7 && status.cpu_seconds > 0.01);
  await service.stop();
});

test("--admin off opens no port; an address in use or without permission ends the start with one line", async () => {
  await using quiet = await Service.start("start", ["--admin", "off"]);
  assert.ok(!quiet.log.some(({ event }) => event === "admin"));
  await quiet.stop();
  const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const refused: [address: string, line: RegExp][] = [
    [`127.0.0.1:${holder.addr.port}`, /for --admin: .*in use.*; choose another address, or --admin off$/],
    [
      "192.0.2.1:9998",
      /for --admin: net permission is missing; run with --allow-net=192\.0\.2\.1:9998, or --admin off$/,
    ],
  ];
  for (const [address, line] of refused) {
    const { code, stderr, stdout } = await runToEnd("start", ["--listen", "127.0.0.1:0", "--admin", address]);
    assert.match(stderr.trimEnd(), line);
    assert.deepEqual([code, stdout, stderr.trimEnd().split("\n").length], [1, "", 1]);
  }
  holder.close();
});

test("event streams beyond the limit get 503, other requests are served, and a closed stream frees its place", async () => {
  await using service = await Service.start("start", ADMIN);
  const url = await adminUrl(service);
  const open: Response[] = [];
  for (let i = 0; i < 30; i++) open.push(await fetch(`${url}/api/v1/events`));
  const statuses = open.map(({ status }) => status);
  assert.deepEqual([statuses.filter((each) => each === 200).length, statuses.at(-1)], [24, 503]);
  assert.equal(await statusOf(`${url}/readyz`), 200);
  for (const { body } of open) await body!.cancel();
  for (;;) {
    const { status, body } = await fetch(`${url}/api/v1/events`);
    await body!.cancel();
    if (status === 200) break;
  }
  await service.stop();
});

test("a frozen admin thread delays no record", async () => {
  await using service = await Service.start("start", [...ADMIN, "--windows", "1s"], [
    "--preload=tests/aggregator/frozen_admin_preload.ts",
    "--allow-read=tests",
  ]);
  let sent = 0;
  const sending = setInterval(async () => {
    sent += 10;
    await sendDatagrams(service.port, new Array(10).fill(GOOD));
  }, 100);
  const latest = { timestamp: 0, seenMs: 0 };
  const worstMs = { value: 0 };
  const records = await service.recordsUntil((records) => {
    const last = records.at(-1)?.timestamp ?? 0;
    if (last !== latest.timestamp) worstMs.value = Math.max(worstMs.value, Date.now() - last * 1000);
    latest.timestamp = last;
    return records.length >= 5;
  });
  clearInterval(sending);
  assert.equal(records.length, 5);
  assert.ok(worstMs.value < 500, `a record came ${worstMs.value} ms after its window's end`);
  const { code, totals } = await service.stop();
  assert.deepEqual([code, totals.received], [0, sent]);
});
