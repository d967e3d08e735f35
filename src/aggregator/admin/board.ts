/**
 * The shared memory between the master and the admin thread, a seqlock. The master writes and never waits.
 * The admin thread reads, and reads again if the master wrote in the meantime. So even if the admin thread
 * hangs, no record waits for it and no messages pile up.
 *
 * @module
 */
import { type BucketCounts, Buckets, cellsOf } from "../../shared/metrics/buckets.ts";
import { decodeReport, encodeReport, type Report, reportCells, type Shape } from "./report.ts";
import { type History, type PastWindow, Rings, ringsBytes, type Sample } from "./rings.ts";

/**
 * Histogram bounds in seconds, for the time from a window's end to its record in the file; 0.1 is promised.
 */
export const LAG_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** Index of the version (int32). The master increments it before and after a write: odd during a write. */
const VERSION = 0;
const CONTROL_BYTES = 8;
/** How long a reader waits for a write to end. A write takes some µs, or longer if it is preempted. */
const WRITE_MS_MAX = 100;

export interface BoardMemory {
  readonly shape: Shape;
  readonly buffer: SharedArrayBuffer;
}

interface Views {
  version: Int32Array;
  /** When the master ticked last, by its monotonic clock in milliseconds. */
  ticked: Float64Array;
  report: Float64Array;
  lag: Float64Array;
  rings: Rings;
}

export function createBoardMemory(shape: Shape): BoardMemory {
  const numbers = 1 + reportCells(shape) + cellsOf(LAG_BOUNDS);
  const memory = { shape, buffer: new SharedArrayBuffer(CONTROL_BYTES + numbers * 8 + ringsBytes(shape)) };
  const { ticked, report } = viewsOf(memory);
  ticked[0] = report[0] = NaN; // Unknown before the first tick and the first report.
  return memory;
}

function viewsOf({ shape, buffer }: BoardMemory): Views {
  let at = CONTROL_BYTES;
  const floats = (length: number) => {
    const view = new Float64Array(buffer, at, length);
    at += view.byteLength;
    return view;
  };
  return {
    version: new Int32Array(buffer, 0, CONTROL_BYTES / 4),
    ticked: floats(1),
    report: floats(reportCells(shape)),
    lag: floats(cellsOf(LAG_BOUNDS)),
    rings: new Rings(shape, buffer, at),
  };
}

/** The master's end. */
export class BoardWriter {
  readonly #shape: Shape;
  readonly #views: Views;
  readonly #lag: Buckets;

  constructor(memory: BoardMemory) {
    this.#shape = memory.shape;
    this.#views = viewsOf(memory);
    this.#lag = new Buckets(LAG_BOUNDS, this.#views.lag);
  }

  /**
   * Records that the master is alive. It is cheap (one store), because it is called several times a second.
   */
  tick(nowMs: number): void {
    this.#views.ticked[0] = nowMs;
  }

  report(report: Report, sample: Sample): void {
    this.#write(() => {
      encodeReport(report, this.#shape, this.#views.report);
      this.#views.rings.addSample(sample);
    });
  }

  closed(windows: readonly PastWindow[]): void {
    this.#write(() => windows.forEach((window) => this.#views.rings.addWindow(window)));
  }

  lag(seconds: number, records: number): void {
    this.#write(() => this.#lag.observe(seconds, records));
  }

  #write(write: () => void): void {
    const { version } = this.#views;
    Atomics.add(version, VERSION, 1);
    write();
    Atomics.add(version, VERSION, 1);
  }
}

/** A consistent snapshot of the board. */
export interface Reading {
  readonly report: Report;
  readonly lag: BucketCounts;
  /** The last closed window of each length; undefined: none has closed. */
  readonly last: readonly (PastWindow | undefined)[];
}

/** The admin thread's end. */
export class BoardReader {
  readonly #shape: Shape;
  readonly #views: Views;

  constructor(memory: BoardMemory) {
    this.#shape = memory.shape;
    this.#views = viewsOf(memory);
  }

  /** The time of the master's last tick on its monotonic clock; NaN before the first tick. */
  get tickedMs(): number {
    return this.#views.ticked[0]!;
  }

  /**
   * Returns a snapshot. Undefined: there is no report yet, or the master is stopped in the middle of a write.
   */
  now(): Reading | undefined {
    const { report: cells, lag, rings } = this.#views;
    const copy = this.#read(() => ({ cells: cells.slice(), lag: lag.slice(), last: rings.last() }));
    if (copy === undefined || Number.isNaN(copy.cells[0])) return undefined;
    return {
      report: decodeReport(copy.cells, this.#shape),
      lag: new Buckets(LAG_BOUNDS, copy.lag).counts(),
      last: copy.last,
    };
  }

  /** Returns the last hour. Undefined: the master is stopped in the middle of a write. */
  history(): History | undefined {
    return this.#read(() => this.#views.rings.history());
  }

  #read<T>(read: () => T): T | undefined {
    const { version } = this.#views;
    for (let tries = 0; tries < WRITE_MS_MAX; tries++) {
      const before = Atomics.load(version, VERSION);
      if (before % 2 !== 0) {
        Atomics.wait(version, VERSION, before, 1);
        continue;
      }
      const found = read();
      if (Atomics.load(version, VERSION) === before) return found;
    }
    return undefined;
  }
}
