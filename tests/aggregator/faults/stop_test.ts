import assert from "node:assert/strict";
import { between, faultTest, report, sleep, times } from "../../support/processes/long_tests.ts";
import { Catcher, Sender } from "../../support/messages/load.ts";
import { Service } from "../../support/processes/aggregator_process.ts";
import { assertConsistent, assertSums, readStrictly, sumOf } from "../../support/disk/strict_records.ts";

/** The longest time from the signal to the exit. */
const STOP_MS_MAX = 1000;

interface Round {
  signal: "SIGTERM" | "SIGINT";
  /** The signal is sent again in the middle of the stop. */
  twice: boolean;
  /** A second socket catches what the service no longer takes, so that each datagram is accounted for. */
  hasCatcher: boolean;
}

/** Stops a service under load; returns how long the stop took, in milliseconds. */
async function stopUnderLoad({ signal, twice, hasCatcher }: Round): Promise<number> {
  await using service = await Service.start("start", ["--workers", "2", "--windows", "1s,2s"]);
  using catcher = hasCatcher ? new Catcher(service.port) : undefined;
  await using sender = new Sender(service.port, ["--rate", "50000/s", "--count", "10000000"]);
  await sleep(between(300, 1500));
  const signalledMs = performance.now();
  service.signal(signal);
  if (twice) {
    await sleep(between(0, 100));
    service.signal(signal);
  }
  const { code, totals } = await service.end();
  const stoppedMs = performance.now() - signalledMs;
  assert.equal(code, 0);
  const records = await readStrictly(service.out);
  assertConsistent(records);
  const sum = sumOf(records, 1);
  assertSums(records, [2], sum);
  assert.equal(totals.records, records.length);
  assert.equal(totals.received, totals.accepted);
  if (catcher) {
    const sent = await sender.stop();
    const rest = catcher.take();
    const taken = Number(totals.received) + Number(totals.dropped);
    assert.equal(taken + rest.caught.received + rest.dropped, sent.datagrams);
    if (Number(totals.dropped) + rest.dropped === 0) assert.equal(sum + rest.caught.sum, BigInt(sent.A1_sum));
  }
  return stoppedMs;
}

faultTest(
  "SIGTERM or SIGINT under load, once or twice: exit code 0 within 1 s, and every datagram is accounted for",
  async () => {
    const stoppedMs: number[] = [];
    for (let round = 0; round < times(4, 100); round++) {
      stoppedMs.push(
        await stopUnderLoad({
          signal: round % 2 === 0 ? "SIGTERM" : "SIGINT",
          twice: round % 4 >= 2,
          hasCatcher: round % 8 !== 4,
        }),
      );
    }
    report("stops", stoppedMs, "ms");
    assert.ok(Math.max(...stoppedMs) <= STOP_MS_MAX, `a stop took ${Math.max(...stoppedMs)} ms`);
  },
);
