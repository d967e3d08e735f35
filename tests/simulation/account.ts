import assert from "node:assert/strict";
import type { Line } from "./lines.ts";
import type { HandedBatch, Message } from "./simulated_worker.ts";

/** A message that a worker handed over to the master. */
export interface HandedMessage extends Message {
  atMs: number;
  /** The base window that it was read into, and the one that was open when it was handed over. */
  window: number;
  next: number;
}

/** What the workers read while one base window was open for them. */
interface Content {
  sum: bigint;
  max: number;
  min: number;
  firstReadMs: number;
  lastReadMs: number;
}

/** How a life of the service began. All times are in milliseconds of simulated time. */
export interface Beginning {
  atMs: number;
  /** The service's timeline minus simulated time; minus infinity when that is unknown. */
  aheadMs: number;
  align: "start" | "epoch";
  lengths: readonly number[];
}

/** From a read to its hand-over: the master asks for one every 200 ms, an idle worker looks every 50 ms. */
const HAND_OVER_MS_MAX = 250;
/** How long a window waits for a worker, at most. */
const PATIENCE_MS = 1000;
/** From the end of a window to its record in the file, at most. */
export const RECORD_MS_MAX = 100;
/** After the clock has jumped this far, nearly an hour, the service may have left out records. */
const JUMP_MS_MAX = 3_500_000;
/** The tolerance for the wall clock and the timers, which count whole milliseconds. */
const ROUNDING_MS = 2;

const NOTHING: Content = {
  sum: 0n,
  max: -Infinity,
  min: Infinity,
  firstReadMs: Infinity,
  lastReadMs: -Infinity,
};

/** What one life of the service read, and so what its records must say. */
export class Account {
  readonly #began: Beginning;
  readonly #base: number;
  /** By the number of the base window. */
  readonly #contents = new Map<number, Content>();
  /** The most that the service's timeline can be ahead of simulated time by now. */
  #aheadMsMax: number;
  /** When the wall clock stepped. */
  readonly #stepsMs: number[] = [];
  /** The workers that the service declared dead. No window waits for them, even if they go on. */
  readonly #declaredDead = new Set<number>();
  /** Messages may have come too late for their window, so that they are in another window's record. */
  #late = false;
  readonly handed: HandedMessage[] = [];
  datagrams = 0;
  datagramsLost = 0;

  constructor(began: Beginning) {
    this.#began = began;
    this.#base = began.lengths[0]!;
    this.#aheadMsMax = began.aheadMs === -Infinity ? Infinity : began.aheadMs;
  }

  workerLost(worker: number): void {
    this.#declaredDead.add(worker);
  }

  handedOver({ worker, window, next, datagrams, messages, delayed }: HandedBatch, atMs: number): void {
    this.datagrams += datagrams;
    if (messages.length === 0) return;
    this.#late ||= this.#declaredDead.has(worker);
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
      // One step of the clock may end a window, and another step its wait for the workers.
      const steps = this.#stepsMs.filter((stepMs) => stepMs >= readAtMs).length;
      this.#late ||= delayed ? ageMs >= PATIENCE_MS || steps > 0 : steps > 1;
    }
    content.firstReadMs = Math.min(content.firstReadMs, messages[0]!.readAtMs);
    content.lastReadMs = Math.max(content.lastReadMs, messages.at(-1)!.readAtMs);
  }

  /** The wall clock is `aheadMs` ahead of simulated time from now on. */
  clockStepped(aheadMs: number, atMs: number): void {
    this.#stepsMs.push(atMs);
    this.#aheadMsMax = Math.max(this.#aheadMsMax, aheadMs);
  }

  /** Whether the service may have left out records. */
  get jumped(): boolean {
    return this.#aheadMsMax - this.#began.aheadMs >= JUMP_MS_MAX;
  }

  /** Checks that each base window has a record, which holds what was read while the window was open. */
  checkWindows(lines: readonly Line[], endMs: number): void {
    const base = lines.filter((line) => line.lengthSeconds === this.#base);
    let number = 0;
    for (const { timestamp, partial, sum, max, min } of base) {
      const aheadOfMs = timestamp * 1000 - endMs - (partial ? 1000 : 0);
      if (aheadOfMs > this.#aheadMsMax + ROUNDING_MS) assert.fail(`${timestamp} is written before its time`);
      if (partial || this.jumped) continue;
      const content = this.#contents.get(number++);
      if (content) this.#checkTimes(content, timestamp);
      if (this.#late) continue;
      const read = content ?? { sum: 0n, max: 0, min: 0 };
      if (sum === read.sum && max === read.max && min === read.min) continue;
      assert.fail(
        `the record to ${timestamp} says ${[sum, max, min]}, not ${[read.sum, read.max, read.min]}`,
      );
    }
  }

  /** Checks that every window that had ended at `atMs` has a record. */
  checkPunctuality(lines: readonly Line[], atMs: number): void {
    const { atMs: beganMs, aheadMs, align } = this.#began;
    const second = Math.floor((beganMs + aheadMs) / 1000);
    const gridStart = align === "start" ? second : second - second % this.#base;
    const last = lines.findLast((line) => line.lengthSeconds === this.#base && !line.partial);
    if (aheadMs === -Infinity) return;
    const nextEnd = (last?.timestamp ?? gridStart) + this.#base;
    const isEnded = nextEnd * 1000 <= atMs + aheadMs - ROUNDING_MS;
    assert.ok(!isEnded, `at ${atMs + aheadMs} there is no record of the window to ${nextEnd}`);
  }

  /** Checks that each message is in the window that was open when a worker read it. */
  #checkTimes({ firstReadMs, lastReadMs }: Content, timestamp: number): void {
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
