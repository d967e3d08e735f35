import assert from "node:assert/strict";
import { SILENCE_MS_MAX } from "../../../src/aggregator/worker_pool.ts";
import { between, faultTest, report, sleep, times, until } from "../../support/processes/long_tests.ts";
import { OBEDIENT, type Order, orderMessage } from "../../support/processes/faulty_orders.ts";
import { Sender } from "../../support/messages/load.ts";
import type { LogEntry } from "../../support/simulated/simulated_aggregator.ts";
import { sendDatagrams, Service } from "../../support/processes/aggregator_process.ts";
import { assertConsistent, assertSums, readStrictly, sumOf } from "../../support/disk/strict_records.ts";

/** The longest time from the log entry of a worker's death to the first read of its replacement. */
const UNREAD_MS_MAX = 250;
/** How much later a death may be noticed on a busy machine. */
const NOTICED_SLACK_MS = 10_000;
/** Deaths per process. Each death needs a spare worker, and each spare worker needs memory. */
const DEATHS_A_PROCESS = 20;
const ORDERS: readonly Order[] = ["fail", "crash", "close", "hang", "spin"];

const timeMs = (entry: LogEntry) => Date.parse(String(entry.time));

/** Lets workers die under load, one after the other; returns how long each of their sockets was unread. */
async function letDie(deaths: number): Promise<number[]> {
  const flags = ["--workers", "2", "--spare-workers", String(deaths), "--windows", "1s,2s"];
  await using service = await Service.start("start", flags, OBEDIENT);
  await using sender = new Sender(service.port, ["--rate", "10000/s", "--count", "10000000"]);
  const unreadMs: number[] = [];
  for (let death = 1; death <= deaths; death++) {
    const order = ORDERS[death % ORDERS.length]!;
    await sleep(between(0, 300)); // A hand-over may be under way then.
    await sendDatagrams(service.port, [orderMessage(order)]);
    const sentMs = Date.now();
    const lost = await service.event("worker_lost", death);
    const silent = order === "close" || order === "hang" || order === "spin";
    // The master counts silence in its own running time, so a busy machine notices a death later.
    assert.ok(
      timeMs(lost) - sentMs < (silent ? SILENCE_MS_MAX : 0) + NOTICED_SLACK_MS,
      `${order}: noticed too late`,
    );
    const { replacement } = await service.event("worker_replaced", death);
    const reads = () => service.log.find((entry) => entry.event === "reads" && entry.worker === replacement);
    await until("the replacement's first read", () => reads() !== undefined);
    unreadMs.push(Math.max(0, timeMs(reads()!) - timeMs(lost)));
  }
  const sent = await sender.stop();
  const { code, totals } = await service.stop();
  assert.equal(code, 0);
  const received = Number(totals.received);
  const lost = Number(totals.lost);
  assert.equal(received + Number(totals.dropped) + lost, sent.datagrams + deaths);
  const losses = service.log.filter((entry) => entry.event === "worker_lost");
  assert.equal(losses.reduce((sum, entry) => sum + Number(entry.lost), 0), lost);
  const records = await readStrictly(service.out);
  assertConsistent(records);
  assert.equal(sumOf(records, 1), sumOf(records, 2));
  // The file lacks no more than the lost datagrams can hold: A1 is below 1,024.
  const missing = sent.A1_sum - Number(sumOf(records, 1));
  assert.ok(
    missing >= 0 && missing <= lost * 1023,
    `${missing} missing of ${sent.A1_sum}, ${lost} datagrams lost`,
  );
  return unreadMs;
}

faultTest(
  "a worker that fails, crashes, closes, hangs or spins is replaced, and its lost datagrams are counted exactly",
  async () => {
    const unreadMs: number[] = [];
    for (let left = times(5, 100); left > 0; left -= DEATHS_A_PROCESS) {
      unreadMs.push(...await letDie(Math.min(left, DEATHS_A_PROCESS)));
    }
    report("worker deaths: the socket was unread for", unreadMs, "ms");
    assert.ok(Math.max(...unreadMs) <= UNREAD_MS_MAX);
  },
);

faultTest(
  "without a spare, a worker's death ends the service with one log entry and exit code 1; no counted message is lost",
  async () => {
    for (const order of ["fail", "crash"] as const) {
      const flags = ["--workers", "2", "--spare-workers", "0", "--windows", "1s,2s"];
      await using service = await Service.start("start", flags, OBEDIENT);
      await sendDatagrams(service.port, Array.from({ length: 300 }, () => '{"A1":1,"A2":2,"A3":3}'));
      await sendDatagrams(service.port, [orderMessage(order)]);
      const { code, totals } = await service.end();
      assert.equal(code, 1);
      const lines = service.log.filter((entry) => entry.event === "no_spare_left");
      assert.equal(lines.length, 1);
      assert.match(lines[0]!.message, /--spare-workers/);
      assert.equal(Number(totals.received) + Number(totals.dropped) + Number(totals.lost), 301);
      const accepted = BigInt(Number(totals.accepted)) - (order === "fail" ? 1n : 0n);
      assertSums(await readStrictly(service.out), [1, 2], accepted);
    }
  },
);

faultTest(
  "a worker that was declared dead and wakes up reads on beside its replacement and hands over",
  async () => {
    const flags = ["--workers", "1", "--spare-workers", "1", "--windows", "1s,2s"];
    await using service = await Service.start("start", flags, OBEDIENT);
    await using sender = new Sender(service.port, ["--rate", "10000/s", "--count", "10000000"]);
    await sendDatagrams(service.port, [orderMessage("doze")]);
    await service.event("worker_replaced");
    const { lost } = await service.event("worker_lost");
    assert.ok(Number(lost) > 0);
    await sleep(2000); // The worker wakes up 1 s after it was declared dead.
    const sent = await sender.stop();
    const { code, totals } = await service.stop();
    assert.equal(code, 0);
    const { received, dropped, lost: lostInAll } = totals;
    assert.equal(Number(received) + Number(dropped) + Number(lostInAll), sent.datagrams + 1);
    // The stop does not wait for this worker, so what it read after its last hand-over is lost.
    assert.ok(Number(lostInAll) <= 3000, `${lostInAll} lost`);
    const shares = totals.received_by_worker as number[];
    assert.ok(shares[0]! > 0 && shares[1]! > 0);
  },
);

/** Sends messages until one is counted: a socket is closed a moment after its worker's death. */
async function sendUntilCounted(service: Service): Promise<void> {
  const before = (await service.records()).reduce((sum, record) => sum + record.A1_sum, 0);
  await until("a message to be counted", async () => {
    await sendDatagrams(service.port, ['{"A1":1,"A2":2,"A3":3}']);
    await sleep(50);
    return (await service.records()).reduce((sum, record) => sum + record.A1_sum, 0) > before;
  });
}

faultTest("datagram receiver: when a worker dies, the next socket takes over", async () => {
  const flags = ["--workers", "1", "--spare-workers", "2", "--windows", "1s,2s"];
  await using service = await Service.start("start:sandbox", flags, OBEDIENT);
  for (const [i, order] of (["crash", "fail"] as const).entries()) {
    await sendDatagrams(service.port, [orderMessage(order)]);
    const { replacement } = await service.event("worker_replaced", i + 1);
    assert.equal(replacement, i + 1);
    await sendUntilCounted(service);
  }
  assert.equal((await service.stop()).code, 0);
});

faultTest(
  "datagram receiver: a worker that hangs keeps its socket, so the service ends and a supervisor can restart it",
  async () => {
    for (const order of (["hang", "spin"] as const).slice(0, times(1, 2))) {
      const flags = ["--workers", "1", "--spare-workers", "2", "--windows", "1s,2s"];
      await using service = await Service.start("start:sandbox", flags, OBEDIENT);
      await sendDatagrams(service.port, [orderMessage(order)]);
      assert.equal((await service.end()).code, 1);
      assert.equal(
        (await service.event("worker_lost")).reason,
        "it gave no sign of life for 2 s, and keeps its socket",
      );
    }
  },
);
