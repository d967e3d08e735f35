import assert from "node:assert/strict";
import { StallMeter } from "./stall_meter.ts";
import { between, faultTest, report, sleep, times } from "../../support/processes/long_tests.ts";
import { type Load, sendLoad } from "../../support/messages/load.ts";
import { Service } from "../../support/processes/aggregator_process.ts";
import { makeDirectory } from "../../support/disk/temporary_directory.ts";
import { assertConsistent, assertSums, readStrictly, sumOf } from "../../support/disk/strict_records.ts";

/** The most that a kill may lose: the messages of this many milliseconds. */
const LOST_MS_MAX = 250;
const FLAGS = ["--workers", "2", "--windows", "1s,2s"];

/** Returns how long before the kill the first message was sent that the sum `kept` lacks. */
function lostMs({ marks }: Load, kept: number): number {
  const firstLost = marks.find((mark) => mark.sum > kept);
  return firstLost ? marks.at(-1)!.ms - firstLost.ms : 0;
}

/** Starts a service and kills it, perhaps while it writes what the service killed before had left. */
async function killWhileStarting(out: string): Promise<void> {
  await using service = await Service.spawn("start", [...FLAGS, "--out", out]);
  await sleep(between(50, 600));
  await service.stop("SIGKILL");
}

/**
 * Kills a service under load and starts the next one, which writes what the kill left. Returns the next
 * service, the sum in the file, and the lost messages in milliseconds.
 */
async function killUnderLoad(
  service: Service,
  before: bigint,
  round: number,
): Promise<{ service: Service; kept: bigint; ms: number }> {
  const { out, port } = service;
  const act = () => service.signal("SIGKILL");
  const load = await sendLoad({ port, rate: 20_000, seed: round, breakAt: { ms: between(100, 2500), act } });
  await service[Symbol.asyncDispose]();
  if (round % 4 === 3) await killWhileStarting(out);
  const next = await Service.start("start", [...FLAGS, "--out", out]);
  const records = await readStrictly(out);
  assertConsistent(records);
  const kept = sumOf(records, 1);
  assertSums(records, [2], kept);
  const keptHere = Number(kept - before);
  assert.ok(
    keptHere >= 0 && keptHere <= load.totals.A1_sum,
    `round ${round}: ${keptHere} of ${load.totals.A1_sum}`,
  );
  return { service: next, kept, ms: lostMs(load, keptHere) };
}

faultTest(
  "kill -9 under load loses at most 250 ms of messages; nothing is torn, repeated or counted twice",
  async () => {
    const directory = await makeDirectory();
    const out = `${directory}/metrics.jsonl`;
    const lostMs: number[] = [];
    const lostBeyondStallsMs: number[] = [];
    let service = await Service.start("start", [...FLAGS, "--out", out]);
    try {
      using meter = await StallMeter.start(`${directory}/stall`);
      let kept = 0n;
      for (let round = 0; round < times(4, 100); round++) {
        meter.worstMs();
        const killed = await killUnderLoad(service, kept, round);
        ({ service, kept } = killed);
        lostMs.push(killed.ms);
        // Twice, because a stall may delay the workers' hand-over and then the checkpoint.
        const stallMs = 2 * meter.worstMs();
        lostBeyondStallsMs.push(killed.ms - stallMs);
        assert.ok(
          killed.ms <= LOST_MS_MAX + stallMs,
          `${killed.ms} ms lost, and the machine stalled for ${stallMs} ms`,
        );
      }
      assert.equal((await service.stop()).code, 0);
      const left = [...Deno.readDirSync(directory)].map(({ name }) => name);
      assert.deepEqual(left.filter((name) => name.startsWith("metrics")), ["metrics.jsonl"]);
    } finally {
      await service[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
    }
    report("kill -9: lost", lostMs, "ms of messages");
    report("kill -9: lost, minus the machine's stalls", lostBeyondStallsMs, "ms of messages");
  },
);
