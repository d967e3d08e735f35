/**
 * The last hour in shared memory: a sample of the counters for each second, and the closed windows of each length.
 *
 * @module
 */
import type { Shape } from "./report.ts";

/** How far back one can look. */
export const HISTORY_SECONDS = 3600;

/** The counters at one moment; NaN where one isn't known. */
export interface Sample {
  /** Unix time by the service's own timeline, which never goes back. */
  readonly seconds: number;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly dropped: number;
}

export const SAMPLE_FIELDS = ["seconds", "received", "accepted", "rejected", "dropped"] as const;

/** A window as its record has it, exact at any size. */
export interface PastWindow {
  readonly lengthSeconds: number;
  readonly timestampSeconds: number;
  readonly sum: bigint;
  readonly max: bigint;
  readonly min: bigint;
}

export interface History {
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** By length, in the order of the shape; oldest first. */
  readonly windows: readonly (readonly PastWindow[])[];
}

const SAMPLES = HISTORY_SECONDS + 1;
/** Timestamp, sum (high and low 64 bits: of 2^64 messages of 64 bits it has 128), maximum, minimum. */
const WINDOW_CELLS = 5;
/** At least the last one, however long windows are. */
const windowsKept = (lengthSeconds: number): number => Math.ceil(HISTORY_SECONDS / lengthSeconds) + 1;

export const ringsBytes = ({ windowSeconds }: Shape): number =>
  8 * (1 + SAMPLES * SAMPLE_FIELDS.length +
    windowSeconds.reduce((sum, length) => sum + 1 + windowsKept(length) * WINDOW_CELLS, 0));

export class Rings {
  /** How many samples were ever added. */
  readonly #sampled: Float64Array;
  readonly #samples: Float64Array;
  readonly #windows: { lengthSeconds: number; kept: number; cells: BigInt64Array; count: BigInt64Array }[];

  constructor({ windowSeconds }: Shape, buffer: SharedArrayBuffer, offset: number) {
    let at = offset;
    const room = (cells: number) => (at += cells * 8) - cells * 8;
    this.#sampled = new Float64Array(buffer, room(1), 1);
    this.#samples = new Float64Array(
      buffer,
      room(SAMPLES * SAMPLE_FIELDS.length),
      SAMPLES * SAMPLE_FIELDS.length,
    );
    this.#windows = windowSeconds.map((lengthSeconds) => {
      const kept = windowsKept(lengthSeconds);
      const count = new BigInt64Array(buffer, room(1), 1);
      const cells = new BigInt64Array(buffer, room(kept * WINDOW_CELLS), kept * WINDOW_CELLS);
      return { lengthSeconds, kept, count, cells };
    });
  }

  addSample(sample: Sample): void {
    const at = this.#sampled[0]! % SAMPLES * SAMPLE_FIELDS.length;
    SAMPLE_FIELDS.forEach((name, i) => this.#samples[at + i] = sample[name]);
    this.#sampled[0]! += 1;
  }

  addWindow({ lengthSeconds, timestampSeconds, sum, max, min }: PastWindow): void {
    const ring = this.#windows.find((each) => each.lengthSeconds === lengthSeconds);
    if (ring === undefined) return;
    const at = Number(ring.count[0]!) % ring.kept * WINDOW_CELLS;
    ring.cells.set([BigInt(timestampSeconds), sum >> 64n, BigInt.asIntN(64, sum), max, min], at);
    ring.count[0]! += 1n;
  }

  /** The last window of each length. */
  last(): (PastWindow | undefined)[] {
    return this.#windows.map((ring) => {
      const count = Number(ring.count[0]!);
      return count === 0 ? undefined : windowAt(ring, count - 1);
    });
  }

  history(): History {
    const sampled = this.#sampled[0]!;
    const samples = sequence(sampled, SAMPLES).map((number) => {
      const at = number % SAMPLES * SAMPLE_FIELDS.length;
      return Object.fromEntries(
        SAMPLE_FIELDS.map((name, i) => [name, this.#samples[at + i]!]),
      ) as unknown as Sample;
    });
    const windows = this.#windows.map((ring) =>
      sequence(Number(ring.count[0]!), ring.kept).map((number) => windowAt(ring, number))
    );
    return { samples, windows };
  }
}

/** The numbers of the last `kept` of `count` entries. */
const sequence = (count: number, kept: number): number[] =>
  Array.from({ length: Math.min(count, kept) }, (_, i) => Math.max(0, count - kept) + i);

function windowAt(
  { cells, kept, lengthSeconds }: { cells: BigInt64Array; kept: number; lengthSeconds: number },
  number: number,
): PastWindow {
  const [timestamp, high, low, max, min] = cells.subarray(number % kept * WINDOW_CELLS);
  return {
    lengthSeconds,
    timestampSeconds: Number(timestamp!),
    sum: (high! << 64n) | BigInt.asUintN(64, low!),
    max: max!,
    min: min!,
  };
}
