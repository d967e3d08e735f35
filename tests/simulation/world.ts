import type { Clock } from "../../src/shared/clock.ts";

interface Event {
  atMs: number;
  order: number;
  run: () => void;
  cancelled: boolean;
}

/**
 * Simulated time: events run one after the other, as fast as the machine can. Events at the same time run in
 * the order in which they were planned, so that a seed repeats a run exactly.
 */
export class World {
  #nowMs = 0;
  #wallOffsetMs: number;
  #orders = 0;
  /** A binary heap by time and order. */
  readonly #heap: Event[] = [];

  constructor(wallMs: number) {
    this.#wallOffsetMs = wallMs;
  }

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get wallMs(): number {
    return Math.floor(this.#nowMs + this.#wallOffsetMs);
  }

  /** The wall clock minus the milliseconds since the beginning. */
  get wallAheadMs(): number {
    return this.#wallOffsetMs;
  }

  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Plans an event; returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#orders++, run, cancelled: false };
    this.#push(event);
    return () => void (event.cancelled = true);
  }

  /** The clock of one process: after `kill` none of its timers fires. */
  process(): Clock & { kill(): void } {
    let alive = true;
    return {
      monotonicMs: () => this.#nowMs,
      wallMs: () => this.wallMs,
      setTimer: (callback, delayMs) => this.after(delayMs, () => alive && callback()),
      kill: () => void (alive = false),
    };
  }

  /** Runs the next event; returns false when there is none. */
  step(): boolean {
    const event = this.#pop();
    if (!event) return false;
    this.#nowMs = event.atMs;
    if (!event.cancelled) event.run();
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
