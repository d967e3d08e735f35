import assert from "node:assert/strict";
import { Checkpoint, recover } from "../../../src/aggregator/write/checkpoint.ts";
import { checkpointPathOf } from "../../../src/aggregator/write/file_names.ts";
import { emptyTotals, type Totals } from "../../../src/aggregator/aggregate/partial.ts";
import { recordLine } from "../../../src/aggregator/write/record.ts";
import { Recorder } from "../../../src/aggregator/write/recorder.ts";
import { Sink } from "../../../src/aggregator/write/sink.ts";
import { type ClosedWindow, Windows } from "../../../src/aggregator/aggregate/windows.ts";
import { eventsOf, type LogEntry, logInto } from "../recorded_log.ts";
import { SimulatedClock } from "../clock/simulated_clock.ts";
import type { Operation, SimulatedDisk, SimulatedProcessDisk } from "./simulated_disk.ts";

export const PATH = "data/metrics.jsonl";
const START_SECONDS = 1000;

/** Begins a life of a service without workers: real windows, recorder, sink and checkpoint on this disk. */
export async function begin(disk: SimulatedDisk, id: string, process: SimulatedProcessDisk = disk.process()) {
  const clock = new SimulatedClock(START_SECONDS * 1000);
  const entries: LogEntry[] = [];
  const log = logInto(entries);
  const sink = new Sink({ path: PATH, disk: process, clock, log, recordsWaitingMax: 1000 });
  await sink.open();
  const recovered = await recover(PATH, process, log);
  const windows = new Windows(
    { windowSeconds: [1, 3], align: "start", patienceMs: 0, jumpRecordsSecondsMax: 60 },
    START_SECONDS * 1000,
  );
  let nowMs = START_SECONDS * 1000;
  const recorder = new Recorder({
    sink,
    clock,
    log,
    checkpoint: new Checkpoint(checkpointPathOf(PATH), id, process),
    open: () => windows.peek(nowMs).map(recordLine),
  });
  const render = (closed: ClosedWindow[]) => closed.map(recordLine);
  return {
    recorder,
    recovered,
    sink,
    clock,
    /** Adds a message to the open window. */
    add: (a1: number) => windows.add(0, windows.open, windows.open, message(a1)),
    /** Ends the open window and writes its records. */
    end: () => recorder.write(render(windows.advance(nowMs += 1000))),
    /** Returns the records that could be saved nowhere. */
    async finish(): Promise<readonly string[]> {
      await recorder.finish(render(windows.stop(nowMs)));
      return recorder.unsaved;
    },
    events: () => eventsOf(entries),
  };
}

function message(a1: number): Totals {
  return { ...emptyTotals(), accepted: 1, sum: BigInt(a1), max: 1n, min: 1n };
}

/** Returns the A1 sum of all records of one length in the file, whole and partial. */
export function sumOf(disk: SimulatedDisk, countType: string): number {
  return disk.text(PATH).split("\n").filter((line) => line.includes(`"${countType}"`))
    .reduce((sum, line) => sum + JSON.parse(line).A1_sum, 0);
}

/** Makes these operations of the disk fail. */
export function failOn(disk: SimulatedDisk, ...operations: Operation[]): void {
  disk.pause = (operation) => {
    if (operations.includes(operation)) throw new Error("Input/output error (os error 5)");
    return undefined;
  };
}

/** Ends what `failOn` began. */
export function repair(disk: SimulatedDisk): void {
  disk.pause = () => undefined;
}

/** Runs `life`, and kills its process after this many disk operations. Returns whether `life` ended first. */
export async function killedAfter(
  disk: SimulatedDisk,
  operations: number,
  life: (process: SimulatedProcessDisk) => Promise<void>,
): Promise<boolean> {
  const process = disk.process();
  const killed = Promise.withResolvers<boolean>();
  let left = operations;
  disk.pause = () => {
    if (left-- > 0) return undefined;
    process.kill();
    killed.resolve(false);
    return undefined;
  };
  const completed = await Promise.race([life(process).then(() => true), killed.promise]);
  repair(disk);
  process.kill();
  return completed;
}

/** Starts and stops a service without trouble, which writes to the file what earlier lives had left. */
export async function settle(disk: SimulatedDisk): Promise<void> {
  const { recorder, recovered, finish } = await begin(disk, "ff");
  await recorder.recover(recovered);
  assert.deepEqual(await finish(), []);
}
