import type { Datagrams, Totals } from "./shapes.ts";

/** Hands datagrams to the kernel, from one or more sockets in turn. */
export interface Transport {
  /**
   * Sends the datagrams of the batch from slot `begin` on.
   *
   * @returns how many the kernel took. It may be fewer than all, or none; then send the rest again.
   * @throws {Error} Sending again would not help.
   */
  send(begin: number): number | Promise<number>;
  /** How many datagrams the kernel took and later reported as refused, because nothing listens there. */
  readonly refused: number;
  close(): void;
}

/** A monotonic clock in milliseconds, and two ways to wait. */
export interface Clock {
  now(): number;
  /** Blocks the thread. Precise to a tenth of a millisecond. */
  block(ms: number): void;
  /** Lets timers and signal handlers run, even if `ms` is 0. Returns a millisecond late, or later. */
  idle(ms: number): Promise<void>;
}

/**
 * How long the event loop may starve, and Ctrl-C and the progress line with it. Its turn takes about 1 ms.
 */
const SLICE_MS = 100;
/** Waits up to this long block the thread, because they must be precise. */
const BLOCK_MS_MAX = 5;
/** The shortest wait: at most 1,000 batches a second, which is smooth traffic at little cost. */
const WAIT_MS_MIN = 1;

export interface RunOptions {
  /** The messages to send. */
  count: number;
  /** Messages per second; `Infinity` is flat out. */
  rate: number;
  perDatagram: number;
  datagrams: Datagrams;
  transport: Transport;
  clock: Clock;
  /** Ends the run early. */
  signal: AbortSignal;
  /** Kept up to date, so that a progress line can read it. */
  totals: Totals;
}

/**
 * Sends the messages, and adds those that the kernel took to `totals`.
 *
 * The schedule is absolute: a datagram is sent when its last message is due, `messages so far / rate` after
 * the start. So the rate is never exceeded, the run catches up after a late wake-up, and errors do not add
 * up.
 *
 * @returns how many milliseconds it took.
 */
export async function run(options: RunOptions): Promise<number> {
  const { count, rate, perDatagram, datagrams, clock, signal, totals } = options;
  const startMs = clock.now();
  let sliceMs = startMs;
  while (totals.messages < count && !signal.aborted) {
    const nowMs = clock.now();
    const left = count - totals.messages;
    const next = Math.min(perDatagram, left);
    const dueMs = startMs + (totals.messages + next) / rate * 1000;
    const waitMs = dueMs > nowMs ? Math.max(dueMs - nowMs, WAIT_MS_MIN) : 0;
    if (waitMs > BLOCK_MS_MAX || nowMs - sliceMs >= SLICE_MS) {
      await clock.idle(Math.min(waitMs, SLICE_MS));
      sliceMs = clock.now();
    } else if (waitMs > 0) {
      clock.block(waitMs);
    } else {
      // At least the next datagram is due, even if rounding makes the result below smaller.
      const due = rate === Infinity ? left : Math.floor((nowMs - startMs) * rate / 1000) - totals.messages;
      datagrams.fill(due >= left ? left : Math.max(next, due - due % perDatagram));
      await sendBatch(options, sliceMs);
    }
  }
  return clock.now() - startMs;
}

/**
 * Sends the filled batch. Yields to the event loop only if the kernel takes nothing and the slice is over.
 */
async function sendBatch({ datagrams, transport, clock, signal, totals }: RunOptions, sliceMs: number) {
  for (let begin = 0; begin < datagrams.size && !signal.aborted;) {
    const pending = transport.send(begin);
    const taken = typeof pending === "number" ? pending : await pending; // No microtask for a number.
    datagrams.addTo(totals, begin, begin + taken);
    begin += taken;
    if (taken === 0 && clock.now() - sliceMs >= SLICE_MS) {
      await clock.idle(0);
      sliceMs = clock.now();
    }
  }
}
