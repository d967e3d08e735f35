import type { Facts } from "../../../src/aggregator/admin/facts.ts";
import { BoardReader, BoardWriter, createBoardMemory } from "../../../src/aggregator/admin/board.ts";
import type { Report, Shape } from "../../../src/aggregator/admin/report.ts";
import type { Sample } from "../../../src/aggregator/admin/rings.ts";

export const SHAPE: Shape = { workers: 3, sockets: 2, addresses: 1, windowSeconds: [10, 60] };

export const FACTS: Facts = {
  version: "0.1.0",
  deno: "2.9.6",
  startSeconds: 1000,
  hostnames: ["::1"],
  receiver: "reuseport",
  file: "data/metrics.jsonl",
  workers: 2,
  spareWorkers: 1,
  windowSeconds: [10, 60],
};

/** The report of a healthy service. Each number differs from the others, so that a mix-up shows. */
export const REPORT: Report = {
  reportedMs: 61_000,
  wallMs: 1_061_000,
  accepted: 101,
  lost: 2,
  late: 3,
  recordsWritten: 4,
  recordsWaiting: 5,
  recordsLost: 6,
  recordMs: 60_000,
  checkpointMs: 60_500,
  checkpointFailing: 0,
  sinkFailing: 0,
  sparesLeft: 1,
  clockStepsForward: 8,
  clockStepsBack: 9,
  openDescriptors: 57,
  maxDescriptors: 4096,
  rejected: [10, 11, 12, 13, 14, 15],
  workers: [
    { state: 1, place: 0, received: 30 },
    { state: 1, place: 1, received: 31 },
    { state: 0, place: NaN, received: NaN },
  ],
  ports: [9999],
  sockets: [
    { dropped: 40, queuedBytes: 41, bufferBytes: 42 },
    { dropped: 43, queuedBytes: 44, bufferBytes: 45 },
  ],
};

export const SAMPLE: Sample = { seconds: 1061, received: 61, accepted: 101, rejected: 75, dropped: 83 };

/** Returns the writer and the reader of a new board. */
export function boards(
  shape = SHAPE,
): { writer: BoardWriter; reader: BoardReader; buffer: SharedArrayBuffer } {
  const memory = createBoardMemory(shape);
  return { writer: new BoardWriter(memory), reader: new BoardReader(memory), buffer: memory.buffer };
}
