import assert from "node:assert/strict";
import { Rotation, type RotationParts } from "../../../src/aggregator/write/rotation.ts";
import { Sink } from "../../../src/aggregator/write/sink.ts";
import { eventsOf, type LogEntry, logInto } from "../recorded_log.ts";
import { SimulatedClock } from "../clock/simulated_clock.ts";
import { type Operation, SimulatedDisk } from "./simulated_disk.ts";

export const PATH = "data/metrics.jsonl";

export type Rotate = Pick<RotationParts, "when" | "keep">;

/** Makes a sink on this disk, not opened yet. */
export function sinkOn(disk: SimulatedDisk, recordsWaitingMax = 1000, rotate?: Rotate) {
  const clock = new SimulatedClock(1_000_000);
  const entries: LogEntry[] = [];
  const [log, ownDisk] = [logInto(entries), disk.process()];
  const sink = new Sink({
    path: PATH,
    disk: ownDisk,
    clock,
    log,
    recordsWaitingMax,
    rotation: rotate && new Rotation({ path: PATH, disk: ownDisk, log, ...rotate }),
  });
  const write = (...lines: string[]) => {
    sink.add(lines);
    return sink.flush();
  };
  const reopen = () => {
    sink.reopen();
    return sink.flush();
  };
  const retry = async () => {
    await clock.pass(1000);
    await sink.flush();
  };
  return {
    sink,
    disk,
    write,
    retry,
    reopen,
    entries,
    text: () => disk.text(PATH),
    events: () => eventsOf(entries),
  };
}

/** Makes a sink on a new disk, whose file holds `text`, and opens it. */
export async function openSink(text = "", recordsWaitingMax?: number) {
  const disk = new SimulatedDisk();
  if (text !== "") disk.create(PATH, text);
  const parts = sinkOn(disk, recordsWaitingMax);
  const lastTimestampSeconds = await parts.sink.open();
  return { ...parts, lastTimestampSeconds };
}

/** Returns a line like a record, different for each `i`. */
export function line(i: number): string {
  return `{"timestamp":${1000 + i}, "count_type":"1s"}\n`;
}

/**
 * Checks what the checkpoint relies on: after `position`, the file has the beginning of the waiting records.
 */
export function assertConsistent(sink: Sink, disk: SimulatedDisk): void {
  const { identity, size } = sink.position;
  const path = disk.paths().find((each) => disk.find(each)!.identity === identity);
  if (path === undefined) return;
  const behind = disk.text(path).slice(size);
  assert.ok(size >= 0 && size <= disk.text(path).length, `position ${size} of ${disk.text(path).length}`);
  assert.ok(
    sink.waiting.join("").startsWith(behind.replace(/^\n/, "")),
    `behind ${size} is ${JSON.stringify(behind)}, but ${JSON.stringify(sink.waiting)} waits`,
  );
}

/**
 * Delays an operation of the disk until `release` is called. `reached` resolves when the operation begins.
 */
export function hold(disk: SimulatedDisk, operation: Operation) {
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  disk.pause = (each) => {
    if (each !== operation) return;
    reached.resolve();
    return released.promise;
  };
  const release = () => {
    disk.pause = () => undefined;
    released.resolve();
  };
  return { reached: reached.promise, release };
}
