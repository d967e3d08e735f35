import assert from "node:assert/strict";
import type { Line } from "./lines.ts";
import type { HandOver, Message } from "./simulated_worker.ts";

/** A message that the master was handed. */
export interface Handed extends Message {
  atMs: number;
  /** The base window that it was read into, and the one that was open when it was handed over. */
  window: number;
  next: number;
}

/** What the workers read while one base window was open to them. */
interface Content {
  sum: bigint;
  max: number;
  min: number;
  firstReadMs: number;
  lastReadMs: number;
}

/** How a life began. All times are in milliseconds of the world. */
export interface Beginning {
  atMs: number;
  /** Its timeline less the world's time; minus infinity when that is not known. */
  aheadMs: number;
  align: "start" | "epoch";
  lengths: readonly number[];
}

/** An idle worker looks at the control word 20 times a second, and is asked to hand over every 200 ms. */
const HAND_OVER_MS_MAX = 250;
/** How long a window waits for a worker. */
const PATIENCE_MS = 1000;
/** From the end of a window to its record in the file. */
export const RECORD_MS_MAX = 100;
/** A clock that has jumped so far may have left records out. */
const JUMP_MS_MAX = 3_500_000;
/** The wall clock and the timers count whole milliseconds. */
const ROUNDING_MS = 2;

const NOTHING: Content = {
  sum: 0n,
  max: -Infinity,
  min: Infinity,
  firstReadMs: Infinity,
  lastReadMs: -Infinity,
};

/** What one life of the service was given, and so what its records must tell. */
export class Account {
  readonly #began: Beginning;
  readonly #base: number;
  /** By number of the base window. */
  readonly #contents = new Map<number, Content>();
  /** The most that its timeline can be ahead of the world's time by now. */
  #aheadMsMax: number;
  /** When the clock stepped. */
  readonly #stepsMs: number[] = [];
  /** The workers that were given up; no window waits for them, should they go on. */
  readonly #givenUp = new Set<number>();
  /** Messages may have come later than their window waits for them, and are in another's record. */
  #late = false;
  readonly handed: Handed[] = [];
  datagrams = 0;
  datagramsLost = 0;

  constructor(began: Beginning) {
    this.#began = began;
    this.#base = began.lengths[0]!;
    this.#aheadMsMax = began.aheadMs === -Infinity ? Infinity : began.aheadMs;
  }

  workerLost(worker: number): void {
    this.#givenUp.add(worker);
  }

  handedOver({ worker, window, next, datagrams, messages, delayed }: HandOver, atMs: number): void {
    this.datagrams += datagrams;
    if (messages.length === 0) return;
    this.#late ||= this.#givenUp.has(worker);
    let content = this.#contents.get(window);
    if (!content) this.#contents.set(window, content = { ...NOTHING });
    for (const message of messages) {
      const { a1, a2, a3, readAtMs } = message;
      content.sum += a1;
      content.max = Math.max(content.max, a2);
      content.min = Math.min(content.min, a3);
      this.handed.push({ ...message, atMs, window, next });
      const ageMs = atMs - readAtMs;
      if (ageMs > HAND_OVER_MS_MAX && !delayed) assert.fail(`read at ${readAtMs}, handed over at ${atMs}`);
      // A step may end a window, and one more the time that it waits for its workers.
      const steps = this.#stepsMs.filter((stepMs) => stepMs >= readAtMs).length;
      this.#late ||= delayed ? ageMs >= PATIENCE_MS || steps > 0 : steps > 1;
    }
    content.firstReadMs = Math.min(content.firstReadMs, messages[0]!.readAtMs);
    content.lastReadMs = Math.max(content.lastReadMs, messages.at(-1)!.readAtMs);
  }

  /** The wall clock is so far ahead of the world's time from now on. */
  clockStepped(aheadMs: number, atMs: number): void {
    this.#stepsMs.push(atMs);
    this.#aheadMsMax = Math.max(this.#aheadMsMax, aheadMs);
  }

  /** Records may have been left out. */
  get jumped(): boolean {
    return this.#aheadMsMax - this.#began.aheadMs >= JUMP_MS_MAX;
  }

  /** Each record of a base window holds what was read while that was open, and no window is left out. */
  judgeWindows(lines: readonly Line[], endMs: number): void {
    const base = lines.filter((line) => line.lengthSeconds === this.#base);
    let number = 0;
    for (const { timestamp, partial, sum, max, min } of base) {
      const aheadOfMs = timestamp * 1000 - endMs - (partial ? 1000 : 0);
      if (aheadOfMs > this.#aheadMsMax + ROUNDING_MS) assert.fail(`${timestamp} is written before its time`);
      if (partial || this.jumped) continue;
      const content = this.#contents.get(number++);
      if (content) this.#judgeTimes(content, timestamp);
      if (this.#late) continue;
      const read = content ?? { sum: 0n, max: 0, min: 0 };
      if (sum === read.sum && max === read.max && min === read.min) continue;
      assert.fail(
        `the record to ${timestamp} says ${[sum, max, min]}, not ${[read.sum, read.max, read.min]}`,
      );
    }
  }

  /** All windows that had ended at `atMs` are among the records. */
  judgePunctuality(lines: readonly Line[], atMs: number): void {
    const { atMs: beganMs, aheadMs, align } = this.#began;
    const second = Math.floor((beganMs + aheadMs) / 1000);
    const gridStart = align === "start" ? second : second - second % this.#base;
    const last = lines.findLast((line) => line.lengthSeconds === this.#base && !line.partial);
    if (aheadMs === -Infinity) return;
    const nextEnd = (last?.timestamp ?? gridStart) + this.#base;
    const isEnded = nextEnd * 1000 <= atMs + aheadMs - ROUNDING_MS;
    assert.ok(!isEnded, `at ${atMs + aheadMs} there is no record of the window to ${nextEnd}`);
  }

  /** A message belongs to the window that is open when a worker reads it. */
  #judgeTimes({ firstReadMs, lastReadMs }: Content, timestamp: number): void {
    const beginMs = (timestamp - this.#base) * 1000;
    assert.ok(
      firstReadMs + this.#aheadMsMax >= beginMs - ROUNDING_MS,
      `read at ${firstReadMs}, before the window to ${timestamp}`,
    );
    assert.ok(
      lastReadMs + this.#began.aheadMs <= timestamp * 1000 + ROUNDING_MS,
      `read at ${lastReadMs}, after the window to ${timestamp}`,
    );
  }
}
