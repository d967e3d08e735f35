import assert from "node:assert/strict";
import { startSimulated } from "../support/simulated/simulated_aggregator.ts";
import { boards } from "../support/http/admin_report.ts";
import { SimulatedDisk } from "../support/disk/simulated_disk.ts";

/** Starts a simulated aggregator that reports to a board. */
async function startReporting(disk = new SimulatedDisk()) {
  const { writer, reader } = boards();
  const service = await startSimulated(1000, { disk, board: writer });
  return { ...service, reader };
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `reporter: ${name}`, permissions: "none", fn });
}

test("the master's counts are reported within 1.5 s, and the log shows the same", async () => {
  const { clock, workers, reader, stop, log, kernel } = await startReporting();
  assert.equal(reader.now()!.report.accepted, 0, "the first report is written at the start");
  workers[0]!.read('{"A1":1,"A2":5,"A3":9}\n{"A1":2,"A2":6,"A3":8}\nnonsense');
  workers[1]!.read('{"A1":3,"A2":7,"A3":7}');
  kernel.dropped = 4;
  await clock.pass(1500);
  const { report } = reader.now()!;
  assert.deepEqual([report.accepted, report.rejected], [3, [0, 0, 1, 0, 0, 0]]);
  assert.deepEqual(report.workers.map(({ state, place, received }) => [state, place, received]), [
    [1, 0, 1],
    [1, 1, 1],
    [0, NaN, NaN],
  ]);
  assert.deepEqual(report.sockets[0], { dropped: 4, queuedBytes: 0, bufferBytes: 52_428_800 });
  assert.deepEqual([report.sparesLeft, report.sinkFailing, report.checkpointFailing, ...report.ports], [
    1,
    0,
    0,
    9999,
  ]);
  assert.ok(report.checkpointMs > 0 && Number.isNaN(report.recordMs) && Number.isNaN(report.openDescriptors));
  await stop();
  assert.equal(log.at(-1)!.accepted, 3);
});

test("each closed window is reported with its lag, and each second has a sample", async () => {
  const { clock, workers, reader, stop } = await startReporting();
  workers[0]!.read('{"A1":1,"A2":5,"A3":9}');
  await clock.pass(61_000);
  const { samples, windows } = reader.history()!;
  assert.deepEqual(windows[0]!.map(({ timestampSeconds, sum }) => [timestampSeconds, sum]), [
    [1010, 1n],
    ...[1020, 1030, 1040, 1050, 1060].map((end) => [end, 0n]),
  ]);
  assert.equal(windows[1]!.length, 1);
  assert.ok(samples.length >= 50 && samples.length <= 62, `${samples.length}`);
  const { report, lag } = reader.now()!;
  assert.equal(report.recordsWritten, 7);
  assert.equal(lag.counts.reduce((sum, count) => sum + count), 7);
  assert.equal(lag.counts.slice(0, 5).reduce((sum, count) => sum + count), 7, "all within 100 ms");
  assert.ok(clock.monotonicMs() - report.recordMs < 2000);
  await stop();
});

test("a failing file is reported, and so is the lag of its records once they are written", async () => {
  const disk = new SimulatedDisk();
  const { clock, workers, reader, stop } = await startReporting(disk);
  workers[0]!.read('{"A1":1,"A2":5,"A3":9}');
  disk.pause = (_operation, path) => {
    if (!path.includes("checkpoint")) throw new Error("broken");
    return undefined;
  };
  await clock.pass(15_000);
  assert.deepEqual([reader.now()!.report.sinkFailing, reader.now()!.report.recordsWaiting], [1, 1]);
  assert.equal(reader.now()!.lag.sum, 0);
  disk.pause = () => undefined;
  await clock.pass(3000);
  const { report, lag } = reader.now()!;
  assert.deepEqual([report.sinkFailing, report.recordsWaiting, report.recordsWritten], [0, 0, 1]);
  assert.ok(lag.sum > 4 && lag.sum < 9, `${lag.sum}`);
  await stop();
});

test("a hanging worker, its replacement and steps of the clock are reported", async () => {
  const { clock, workers, reader, stop } = await startReporting();
  workers[0]!.stuck = true;
  await clock.pass(1700);
  assert.equal(reader.now()!.report.workers[0]!.state, 2);
  await clock.pass(2000);
  clock.stepWall(60_000);
  await clock.pass(2000);
  const { report } = reader.now()!;
  assert.deepEqual(report.workers.map(({ state }) => state), [3, 1, 1]);
  assert.deepEqual([report.sparesLeft, report.clockStepsForward, report.clockStepsBack], [0, 1, 0]);
  await stop();
});
