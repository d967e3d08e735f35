import assert from "node:assert/strict";
import type { AggregatorConfig } from "../../../src/aggregator/config.ts";
import { FileSystem } from "../../../src/aggregator/write/disk.ts";
import { openOutput } from "../../../src/aggregator/write/output.ts";
import { UsageError } from "../../../src/shared/flags/flags.ts";
import { CONFIG, eventsOf, type LogEntry, logInto } from "../../support/simulated/simulated_aggregator.ts";
import { SimulatedClock } from "../../support/clock/simulated_clock.ts";
import { line } from "../../support/disk/sink_on_simulated_disk.ts";
import { namesIn, withDirectory } from "../../support/disk/temporary_directory.ts";

function test(name: string, fn: (directory: string) => Promise<void>): void {
  Deno.test({
    name: `output: ${name}`,
    permissions: { read: ["data"], write: ["data"] },
    fn: () => withDirectory(fn),
  });
}

async function open(changes: Partial<AggregatorConfig>) {
  const entries: LogEntry[] = [];
  const parts = { disk: new FileSystem(), clock: new SimulatedClock(0), log: logInto(entries) };
  const output = await openOutput({ ...CONFIG, ...changes }, parts);
  await output.sink.close();
  return { ...output, events: eventsOf(entries) };
}

/** Leaves a checkpoint with this record, as a killed process does. */
async function leave(path: string, record: string): Promise<void> {
  const disk = new FileSystem();
  await disk.replace(`${path}-0`, `{"checkpoint":1,"identity":"","size":0,"records":1}\n${record}`);
  await Deno.copyFile(`${path}-0`, `${path}-1`);
  await disk.remove(`${path}-0`);
}

test("a file has its checkpoint beside it", async (directory) => {
  const outPath = `${directory}/a/metrics.jsonl`;
  await Deno.mkdir(`${directory}/a`);
  await Deno.writeTextFile(outPath, line(5));
  await leave(`${outPath}.checkpoint`, line(7));
  const { checkpoint, recovered, lastTimestampSeconds, directories, events } = await open({ outPath });
  assert.ok(checkpoint);
  assert.deepEqual(recovered.lines, [line(7)]);
  assert.equal(lastTimestampSeconds, 1007);
  assert.deepEqual(directories, [`${directory}/a`]);
  assert.deepEqual(events, ["recovered"]);
  await recovered.forget();
});

test("a checkpoint in another directory: records that are in the output already are not recovered", async (directory) => {
  const [outPath, checkpointPath] = [`${directory}/a/metrics.jsonl`, `${directory}/b/state`];
  for (const name of ["a", "b"]) await Deno.mkdir(`${directory}/${name}`);
  await Deno.writeTextFile(outPath, line(5));
  await leave(checkpointPath, line(5));
  const { checkpoint, recovered, directories } = await open({ outPath, checkpointPath });
  assert.ok(checkpoint);
  assert.deepEqual(recovered.lines, []);
  assert.deepEqual(directories, [`${directory}/a`, `${directory}/b`]);
  await recovered.forget();
  assert.deepEqual(await namesIn(`${directory}/b`), []);
});

test("stdout has no checkpoint by default, which is logged, and needs no directory", async () => {
  const { checkpoint, recovered, lastTimestampSeconds, directories, events } = await open({ outPath: "-" });
  assert.deepEqual([checkpoint, recovered.lines, lastTimestampSeconds, directories], [undefined, [], 0, []]);
  assert.deepEqual(events, ["no_checkpoint"]);
});

test("stdout with a checkpoint gets the records that a killed process left", async (directory) => {
  const checkpointPath = `${directory}/b/state`;
  await Deno.mkdir(`${directory}/b`);
  await leave(checkpointPath, line(7));
  const { checkpoint, recovered, lastTimestampSeconds, directories } = await open({
    outPath: "-",
    checkpointPath,
  });
  assert.ok(checkpoint);
  assert.deepEqual([recovered.lines, lastTimestampSeconds], [[line(7)], 1007]);
  assert.deepEqual(directories, [`${directory}/b`]);
  await recovered.forget();
});

test("the file of --rejected-sample gets its directory; flags that contradict the output are refused", async (directory) => {
  const outPath = `${directory}/metrics.jsonl`;
  const rejectedSamplePath = `${directory}/b/rejected.jsonl`;
  const { rejectedSample, directories } = await open({ outPath, rejectedSamplePath });
  assert.ok(rejectedSample);
  await rejectedSample.close();
  assert.deepEqual(directories, [directory, `${directory}/b`]);
  assert.deepEqual(await namesIn(`${directory}/b`), ["rejected.jsonl"]);
  for (const same of [outPath, `${outPath}.rejected`]) {
    await assert.rejects(open({ outPath, rejectedSamplePath: same }), UsageError);
  }
  await assert.rejects(open({ outPath: "-", rejectedSamplePath: "-" }), UsageError);
  await assert.rejects(open({ outPath, checkpointPath: "-" }), UsageError);
  await assert.rejects(open({ outPath: "-", rotate: { kind: "daily" } }), UsageError);
});

test("a checkpoint with the name of a rotated file is refused", async (directory) => {
  const outPath = `${directory}/metrics.jsonl`;
  for (const checkpointPath of [`${outPath}.state`, outPath, `${directory}/../${outPath.slice(5)}x`]) {
    await assert.rejects(open({ outPath, checkpointPath }), UsageError, checkpointPath);
  }
  const { recovered } = await open({ outPath, checkpointPath: `${outPath}.checkpoint` });
  assert.deepEqual(recovered.lines, []);
});
