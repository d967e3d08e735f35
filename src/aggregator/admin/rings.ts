/**
 * The last hour in shared memory, as ring buffers: a sample of the counters each second, and closed windows.
 *
 * @module
 */
import type { Shape } from "./report.ts";

/** How much history is kept. */
export const HISTORY_SECONDS = 3600;

/** The counters at one moment; NaN: unknown. */
export interface Sample {
  /** Unix time of the master's timeline, which never goes back. */
  readonly seconds: number;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly dropped: number;
}

export const SAMPLE_FIELDS = ["seconds", "received", "accepted", "rejected", "dropped"] as const;

/** A closed window with the values of its record, exact at any size. */
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
  /** A list for each length, in the order of the shape. Each list begins with the oldest window. */
  readonly windows: readonly (readonly PastWindow[])[];
}

const SAMPLES = HISTORY_SECONDS + 1;
/** Timestamp, sum (two cells: 64-bit values of up to 2^64 messages add up to 128 bits), maximum, minimum. */
const WINDOW_CELLS = 5;
/** How many windows of a length are kept: those of the last hour, but at least the last one. */
const windowsKept = (lengthSeconds: number): number => Math.ceil(HISTORY_SECONDS / lengthSeconds) + 1;

/** Returns how much memory {@linkcode Rings} of this shape need. */
export const ringsBytes = ({ windowSeconds }: Shape): number =>
  8 * (1 + SAMPLES * SAMPLE_FIELDS.length +
    windowSeconds.reduce((sum, length) => sum + 1 + windowsKept(length) * WINDOW_CELLS, 0));

/** Ring buffers of samples and windows. Each counts all entries ever added, which gives the next index. */
export class Rings {
  /** The number of samples ever added. */
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

  /** Returns the last window of each length; undefined: none of this length has closed. */
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

/** Returns the numbers of the last `kept` entries if `count` entries were ever added. */
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
